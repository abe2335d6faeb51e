import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceFlags } from "../../scripts/stack/parts.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./ports.ts";

type Env = Record<string, string>;

/** A service as npm runs it, in a folder and on a port of its own. It can be started over and over. */
export interface ServiceProcess {
  url: string;
  dataDir: string;
  /** @param env for this time, beside what it always has */
  start(env?: Env): Promise<void>;
  /** Ends it without a warning, as a power cut would. */
  kill(): Promise<void>;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  readonly pid: number;
  /** What it has logged so far. */
  log(): string;
  /** Ends it and removes the folder. */
  remove(): Promise<void>;
}

export interface ServiceProcessOptions {
  name: string;
  /** Relative to the project. */
  entry: string;
  /** The text of config.ini. */
  config: (port: number) => string;
  env: (port: number) => Env;
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
  const fixed = { MONITORING_CONFIG: file, DATA_DIR: dataDir, LOG_LEVEL: "warn", ...env(port) };
  let child: ChildProcess | undefined;
  let log = "";

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  return {
    url,
    dataDir,
    async start(more = {}) {
      child = spawn(process.execPath, [...serviceFlags(PROJECT), entry], {
        cwd: PROJECT,
        env: { PATH: process.env.PATH, ...fixed, ...more },
        stdio: ["ignore", "pipe", "pipe"],
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (text) => {
          log += text;
        });
      }
      await ready(name, child, url, () => log);
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    get pid() {
      return child?.pid ?? 0;
    },
    log: () => log,
    async remove() {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ready(name: string, child: ChildProcess, url: string, log: () => string): Promise<void> {
  const hasEnded = () => child.exitCode !== null;
  await eventually(`the ${name} is ready`, async () => hasEnded() || (await fetch(`${url}/-/ready`)).ok);
  if (hasEnded()) throw new Error(`the ${name} ended with ${child.exitCode}: ${log()}`);
}
