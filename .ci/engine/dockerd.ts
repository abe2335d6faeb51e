import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unpackPackage } from "../../scripts/stack/debian.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { run } from "../../scripts/stack/run.ts";
import { fetchSid } from "../sid.ts";

/** Debian 12's engine is years behind those in use, and it has no docker compose that is a plugin. */
const ENGINE = { docker: ["docker.io", "docker-cli", "containerd", "docker-compose", "docker-buildx"] };

/** Milliseconds to start and to stop. */
const TIMEOUT = 60_000;

export interface Engine {
  /** With which docker, and docker compose, find it. */
  env: Record<string, string>;
  /** Ends the containers that still run, then the engine. */
  stop(): Promise<void>;
}

/**
 * A Docker engine that is not installed, so that nothing else here finds it, with a socket, a data root and a client configuration of its own.
 * @param folder for all that it keeps
 * @throws with the end of its log, where it does not start
 */
export async function startEngine(folder: string): Promise<Engine> {
  const packages = join(PROJECT, ".stack/engine");
  const [docker, runc] = [join(packages, "docker/usr"), join(packages, "runc/usr")];
  await fetchSid(packages, ENGINE);
  // It is written in C as well, so it has to be the machine's own.
  await unpackPackage("runc", join(packages, "runc"));
  const path = [join(docker, "bin"), join(docker, "sbin"), join(runc, "sbin")];
  const env = {
    PATH: [...path, process.env.PATH].join(delimiter),
    DOCKER_HOST: `unix://${join(folder, "docker.sock")}`,
    DOCKER_CONFIG: join(folder, "client"),
  };
  mkdirSync(env.DOCKER_CONFIG);
  symlinkSync(join(docker, "libexec/docker/cli-plugins"), join(env.DOCKER_CONFIG, "cli-plugins"));
  const rules = await run("iptables-save", []);
  const log = join(folder, "dockerd.log");
  const daemon = spawnDaemon(folder, log, { ...process.env, ...env });
  const stop = async () => {
    await end(daemon);
    await tidy(folder, rules);
  };
  try {
    await isUp(daemon, { ...process.env, ...env });
  } catch (error) {
    await stop();
    throw new Error(`dockerd does not start: ${lastLines(log)}`, { cause: error });
  }
  return { env, stop };
}

function spawnDaemon(folder: string, log: string, env: NodeJS.ProcessEnv): ChildProcess {
  const output = openSync(log, "a");
  const args = [
    `--host=${env.DOCKER_HOST}`,
    `--data-root=${join(folder, "data")}`,
    `--exec-root=${join(folder, "run")}`,
    `--pidfile=${join(folder, "dockerd.pid")}`,
  ];
  // It ends with this process, however that ends; not by the terminal's Ctrl-C, which comes too early for it.
  return spawn("setpriv", ["--pdeathsig", "TERM", "dockerd", ...args], {
    env,
    stdio: ["ignore", output, output],
    detached: true,
  });
}

async function isUp(daemon: ChildProcess, env: NodeJS.ProcessEnv): Promise<void> {
  const deadline = Date.now() + TIMEOUT;
  for (;;) {
    try {
      await run("docker", ["version"], { env });
      return;
    } catch (error) {
      if (daemon.exitCode !== null || Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null) return;
  const ended = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGTERM");
  await Promise.race([ended, sleep(TIMEOUT, undefined, { ref: false })]);
}

/** What an engine leaves behind: mounts, its bridge, and its rules for the machine's firewall. */
async function tidy(folder: string, rules: string): Promise<void> {
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${folder}/`));
  if (mounts.length > 0) await run("umount", mounts.reverse());
  await run("ip", ["link", "delete", "docker0"]).catch(() => {});
  await restore(rules);
}

function restore(rules: string): Promise<void> {
  const program = spawn("iptables-restore", { stdio: ["pipe", "inherit", "inherit"] });
  program.stdin.end(rules);
  return new Promise((resolve) => program.once("close", () => resolve()));
}

function lastLines(file: string): string {
  return readFileSync(file, "utf8").trim().split("\n").slice(-3).join(" ");
}
