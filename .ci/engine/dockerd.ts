import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
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

/** What holds the machine's rules for packets; an engine writes into both. */
const FIREWALLS = ["iptables", "ip6tables"];

/**
 * A Docker engine that is not installed, so that nothing else here finds it, with a socket, a data root and a client
 * configuration of its own.
 * @param folder for all that it keeps
 * @throws where there is one already, or with the end of its log, where it does not start
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
  await refuseAnother({ ...process.env, PATH: env.PATH });
  mkdirSync(env.DOCKER_CONFIG);
  symlinkSync(join(docker, "libexec/docker/cli-plugins"), join(env.DOCKER_CONFIG, "cli-plugins"));
  const restore = await saveRules();
  const log = join(folder, "dockerd.log");
  const daemon = spawnDaemon(folder, log, { ...process.env, ...env });
  const stop = async () => {
    try {
      await end(daemon);
      await tidy(folder);
    } finally {
      await restore();
    }
  };
  try {
    await isUp(daemon, { ...process.env, ...env });
  } catch (error) {
    await stop();
    throw new Error(`dockerd does not start: ${lastLines(log)}`, { cause: error });
  }
  return { env, stop };
}

/** Its bridge and its rules would be shared. */
async function refuseAnother(env: NodeJS.ProcessEnv): Promise<void> {
  const version = await run("docker", ["version"], { env }).catch(() => undefined);
  // One like ours answers at a socket of its own.
  const running = await run("pgrep", ["-x", "dockerd"]).catch(() => undefined);
  if (version !== undefined || running !== undefined)
    throw new Error("an engine runs on this machine already");
}

/** @returns what brings the rules back that there were before the engine's */
async function saveRules(): Promise<() => Promise<void>> {
  const saved = await Promise.all(
    FIREWALLS.map(async (name) => [name, await run(`${name}-save`, [])] as const),
  );
  return async () => {
    for (const [name, rules] of saved) {
      const program = spawn(`${name}-restore`, { stdio: ["pipe", "inherit", "inherit"] });
      program.stdin.end(rules);
      const [code] = (await once(program, "close")) as [number | null];
      if (code !== 0) console.error(`engine: ${name}-restore did not bring the rules back (${code})`);
    }
  };
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
  const daemon = spawn("setpriv", ["--pdeathsig", "TERM", "dockerd", ...args], {
    env,
    stdio: ["ignore", output, output],
    detached: true,
  });
  // That it did not start is seen by its missing answer.
  daemon.on("error", () => {});
  return daemon;
}

async function isUp(daemon: ChildProcess, env: NodeJS.ProcessEnv): Promise<void> {
  const deadline = Date.now() + TIMEOUT;
  for (;;) {
    try {
      await run("docker", ["version"], { env });
      return;
    } catch (error) {
      if (hasEnded(daemon) || Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (hasEnded(daemon)) return;
  const ended = once(daemon, "exit");
  daemon.kill("SIGTERM");
  await Promise.race([ended, sleep(TIMEOUT, undefined, { ref: false })]);
  if (hasEnded(daemon)) return;
  daemon.kill("SIGKILL");
  await ended;
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

/** An engine that ends leaves its mounts and its bridge. */
async function tidy(folder: string): Promise<void> {
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${folder}/`));
  if (mounts.length > 0) await run("umount", ["--lazy", ...mounts.reverse()]);
  await run("ip", ["link", "delete", "docker0"]).catch(() => {});
}

function lastLines(file: string): string {
  return readFileSync(file, "utf8").trim().split("\n").slice(-3).join(" ");
}
