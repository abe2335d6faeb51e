import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceFlags } from "../../scripts/stack/parts.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./ports.ts";

/** A service as `npm run` runs it, in a folder and on a port of its own. It can be started over and over. */
export interface ServiceProcess {
  url: string;
  dataDir: string;
  start(): Promise<void>;
  /** Ends it without a warning, as a power cut would. */
  kill(): Promise<void>;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  readonly pid: number;
  /** Ends it and removes the folder. */
  remove(): Promise<void>;
}

export interface ServiceProcessOptions {
  name: string;
  /** What Node runs. */
  entry: string;
  /** The whole of config.ini. */
  config: (port: number) => string;
  env: (port: number) => Record<string, string>;
}

export async function createServiceProcess({
  name,
  entry,
  config,
  env,
}: ServiceProcessOptions): Promise<ServiceProcess> {
  const folder = mkdtempSync(join(tmpdir(), `monitoring-${name}-`));
  const [port = 0] = await freePorts(1);
  const file = join(folder, "config.ini");
  writeFileSync(file, config(port));
  const url = `http://127.0.0.1:${port}`;
  const dataDir = join(folder, "data");
  let child: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  return {
    url,
    dataDir,
    async start() {
      child = spawn(process.execPath, [...serviceFlags(PROJECT), entry], {
        cwd: PROJECT,
        env: {
          PATH: process.env.PATH,
          MONITORING_CONFIG: file,
          DATA_DIR: dataDir,
          LOG_LEVEL: "warn",
          ...env(port),
        },
        stdio: ["ignore", "inherit", "inherit"],
      });
      await ready(name, child, url);
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    get pid() {
      return child?.pid ?? 0;
    },
    async remove() {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ready(name: string, child: ChildProcess, url: string): Promise<void> {
  await eventually(`the ${name} is ready`, async () => {
    if (child.exitCode !== null) throw new Error(`the ${name} ended with ${child.exitCode}`);
    return (await fetch(`${url}/-/ready`)).ok;
  });
}
