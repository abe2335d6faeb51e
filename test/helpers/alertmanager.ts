import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Server } from "../../scripts/stack/servers.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./ports.ts";
import { requireServer } from "./servers.ts";

/** An alert as Alertmanager shows it. */
export interface ShownAlert {
  labels: Record<string, string>;
  receivers: { name: string }[];
  status: { state: "active" | "suppressed" | "unprocessed"; inhibitedBy: string[] };
}

/** A real Alertmanager of its own. */
export interface TestAlertmanager {
  /** Alerts that begin now. @param labels one alert each */
  fire(...labels: Record<string, string>[]): Promise<void>;
  /** The same with all that an alert has. */
  post(alerts: { labels: Record<string, string>; annotations?: Record<string, string> }[]): Promise<void>;
  alerts(): Promise<ShownAlert[]>;
  stop(): Promise<void>;
}

export interface AlertmanagerOptions {
  /** The one that tests use unless given. */
  server?: Server;
  /** Whether its errors are shown; the default is yes. */
  isLogged?: boolean;
}

/** @param config the text of its alertmanager.yml */
export async function startAlertmanager(
  config: string,
  { server, isLogged = true }: AlertmanagerOptions = {},
): Promise<TestAlertmanager> {
  const { command } = server ?? (await requireServer("alertmanager"));
  const folder = mkdtempSync(join(tmpdir(), "monitoring-alertmanager-"));
  const [port] = await freePorts(1);
  writeFileSync(join(folder, "alertmanager.yml"), config);
  const [program = "", ...args] = [
    ...command,
    `--config.file=${join(folder, "alertmanager.yml")}`,
    `--storage.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--cluster.listen-address=",
    "--log.level=error",
  ];
  const output = isLogged ? "inherit" : "ignore";
  const child = spawn(program, args, { stdio: ["ignore", output, output] });
  const api = `http://127.0.0.1:${port}/api/v2/alerts`;
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually("Alertmanager is ready", async () => (await fetch(api)).ok);
  } catch (error) {
    await stop();
    throw error;
  }
  const post: TestAlertmanager["post"] = async (alerts) => {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(api, { method: "POST", headers, body: JSON.stringify(alerts) });
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    post,
    fire: (...labels) => post(labels.map((set) => ({ labels: set }))),
    alerts: async () => (await (await fetch(api)).json()) as ShownAlert[],
    stop,
  };
}
