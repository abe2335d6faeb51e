import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { copyCheckout } from "../helpers/checkout.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePorts } from "../helpers/ports.ts";
import { engineEnv } from "./engine.ts";

const exec = promisify(execFile);

/** Milliseconds for a command; the first builds an image. */
const TIMEOUT = 240_000;

/** In the order in which they die in the tests. */
export const SERVICES = ["exporter", "relay", "alertmanager", "prometheus", "grafana"] as const;
export type Service = (typeof SERVICES)[number];

/** What `docker inspect` says. */
export interface Container {
  Id: string;
  State: { Pid: number; Status: string; ExitCode: number; Health?: { Status: string } };
  RestartCount: number;
  Mounts: { Type: string; Destination: string; RW: boolean }[];
  NetworkSettings: { Ports: Record<string, { HostIp: string }[] | null> };
}

/** A clean clone that docker compose and npm work on, on free ports. */
export interface ComposeStack {
  folder: string;
  urls: { exporter: string; prometheus: string; alertmanager: string; grafana: string };
  /** For docker-compose.yml, as if it were exported in the operator's shell. */
  given: Record<string, string>;
  /** @param env besides what finds the engine; the default is the ports and what was given */
  run(
    program: string,
    args: string[],
    env?: Record<string, string>,
  ): Promise<{ stdout: string; stderr: string }>;
  compose(...args: string[]): Promise<string>;
  /** A command inside the container that runs. */
  inside(service: Service | "backup", ...command: string[]): Promise<string>;
  inspect(service: Service | "init"): Promise<Container>;
  /** Ends what runs in the container without a warning, and waits until the engine has healed it. */
  crash(service: Service): Promise<void>;
  configure(change: (text: string) => string): void;
  /** With its volumes and its folder. */
  remove(): Promise<void>;
}

/** @param settings besides the ports */
export async function createComposeStack(settings: Record<string, string>): Promise<ComposeStack> {
  const { folder, remove } = copyCheckout();
  const [exporter = 0, relay = 0, prometheus = 0, alertmanager = 0, grafana = 0] = await freePorts(5);
  const given: Record<string, string> = {
    METRICS_PORT: String(exporter),
    // Published natively alone.
    RELAY_PORT: String(relay),
    PROMETHEUS_PORT: String(prometheus),
    ALERTMANAGER_PORT: String(alertmanager),
    GRAFANA_PORT: String(grafana),
    ...settings,
  };
  const run: ComposeStack["run"] = (program, args, env = given) =>
    exec(program, args, { cwd: folder, env: { ...process.env, ...engineEnv(), ...env }, timeout: TIMEOUT });
  const compose = async (...args: string[]) => (await run("docker", ["compose", ...args])).stdout;
  const inspect: ComposeStack["inspect"] = async (service) => {
    const id = (await compose("ps", "--all", "--quiet", service)).trim();
    const [container] = JSON.parse((await run("docker", ["inspect", id])).stdout);
    return container;
  };
  const config = join(folder, "config/config.ini");
  const configure = (change: (text: string) => string) =>
    writeFileSync(config, change(readFileSync(config, "utf8")));
  configure((text) => text.replace("metrics_port = 8001", `metrics_port = ${exporter}`));
  return {
    folder,
    urls: {
      exporter: `http://127.0.0.1:${exporter}`,
      prometheus: `http://127.0.0.1:${prometheus}`,
      alertmanager: `http://127.0.0.1:${alertmanager}`,
      grafana: `http://127.0.0.1:${grafana}`,
    },
    given,
    run,
    compose,
    inside: (service, ...command) => compose("exec", "-T", service, ...command),
    inspect,
    async crash(service) {
      const { RestartCount, State } = await inspect(service);
      process.kill(State.Pid, "SIGKILL");
      await eventually(`${service} is back`, async () => {
        const now = await inspect(service);
        return now.RestartCount > RestartCount && now.State.Health?.Status === "healthy";
      });
    },
    configure,
    async remove() {
      await run("npm", ["stop"]);
      await compose("down", "--volumes");
      remove();
    },
  };
}
