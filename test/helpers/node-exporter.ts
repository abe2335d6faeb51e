import { spawn } from "node:child_process";
import { debianProgram } from "./debian.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./ports.ts";

/** The reference: Debian's prometheus-node-exporter with the collectors that measure what ours do. */
export interface NodeExporter {
  url: string;
  pid: number;
  scrape(): Promise<Series[]>;
  stop(): void;
}

/** One line of a scrape. */
export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export async function startNodeExporter(): Promise<NodeExporter> {
  const program = await debianProgram("prometheus-node-exporter", "usr/bin/prometheus-node-exporter");
  const [port] = await freePorts(1);
  const collectors = ["cpu", "meminfo", "filesystem"].map((name) => `--collector.${name}`);
  const server = spawn(
    program,
    [`--web.listen-address=127.0.0.1:${port}`, "--collector.disable-defaults", ...collectors],
    { stdio: "ignore" },
  );
  const scrape = async () => parse(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  await eventually("node_exporter", scrape, 20);
  return { url: `http://127.0.0.1:${port}`, pid: server.pid ?? 0, scrape, stop: () => void server.kill() };
}

function parse(text: string): Series[] {
  return Array.from(text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm), ([, name = "", labels = "", value]) => ({
    name,
    labels: Object.fromEntries(
      Array.from(labels.matchAll(/(\w+)="([^"]*)"/g), ([, key, text]) => [key, text]),
    ),
    value: Number(value),
  }));
}
