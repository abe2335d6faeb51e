import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceFlags } from "../../scripts/stack/parts.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./ports.ts";

/** The exporter as `npm run exporter` runs it, in a folder and on a port of its own. It can be started over and over. */
export interface ExporterProcess {
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

/** @param config lines of [monitoring] and further sections */
export async function createExporterProcess(
  config = "",
  env: Record<string, string> = {},
): Promise<ExporterProcess> {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-exporter-"));
  const [port] = await freePorts(1);
  const file = join(folder, "config.ini");
  writeFileSync(file, `[monitoring]\nmetrics_port = ${port}\n${config}`);
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
      child = spawn(process.execPath, [...serviceFlags(PROJECT), "exporter/main.ts"], {
        cwd: PROJECT,
        env: {
          PATH: process.env.PATH,
          MONITORING_CONFIG: file,
          DATA_DIR: dataDir,
          LOG_LEVEL: "warn",
          ...env,
        },
        stdio: ["ignore", "inherit", "inherit"],
      });
      await ready(child, url);
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

async function ready(child: ChildProcess, url: string): Promise<void> {
  await eventually("the exporter is ready", async () => {
    if (child.exitCode !== null) throw new Error(`the exporter ended with ${child.exitCode}`);
    return (await fetch(`${url}/-/ready`)).ok;
  });
}
