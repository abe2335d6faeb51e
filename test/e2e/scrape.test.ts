import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually } from "../helpers/eventually.ts";
import { freePorts } from "../helpers/ports.ts";
import { requireServer } from "../helpers/servers.ts";
import { fixedCollectors } from "../unit/support/collectors.ts";
import { collected, startExporter } from "../unit/support/exporter.ts";

interface Series {
  metric: Record<string, string>;
  value: [number, string];
}

const MEMORY = "process_resident_memory_bytes";

test("a real Prometheus takes the OpenMetrics form, and holds what the plain form says", async (t) => {
  const exporter = await startExporter(t, { collectors: fixedCollectors });
  await exporter.send([
    { type: "message", outcome: "error", duration_seconds: 0.42 },
    { type: "satisfaction", score: 4.5 },
  ]);
  const plain = await collected(exporter);
  const ask = await startPrometheus(t, new URL(exporter.url).host);

  const up = await eventually("the first scrape", async () => {
    const { result } = await ask<{ result: Series[] }>("query?query=up");
    return result[0]?.value[1];
  });
  assert.equal(up, "1");
  // Of a counter, only OpenMetrics names the family without _total.
  const metadata = await ask<Record<string, { type: string }[]>>("metadata");
  assert.equal(metadata.wecom_messages?.[0]?.type, "counter");
  assert.equal(metadata.wecom_messages_total, undefined);

  // The process's memory is another at every scrape.
  const { result } = await ask<{ result: Series[] }>(
    `query?query={job="exporter",__name__!~"up|scrape_.*|${MEMORY}"}`,
  );
  assert.deepEqual(
    result.map(({ metric, value: [, value] }) => line(metric, Number(value))).sort(),
    parse(plain.replace(new RegExp(`^${MEMORY} .*\n`, "m"), "")),
  );
});

/** @returns what asks its API */
async function startPrometheus(t: TestContext, target: string): Promise<<T>(question: string) => Promise<T>> {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-prometheus-"));
  const [port] = await freePorts(1);
  const file = join(folder, "prometheus.yml");
  writeFileSync(
    file,
    `global: { scrape_interval: 500ms, scrape_timeout: 500ms }
scrape_configs: [{ job_name: exporter, static_configs: [{ targets: ["${target}"] }] }]
`,
  );
  const { command } = await requireServer("prometheus");
  const [program = "", ...args] = [
    ...command,
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const server = spawn(program, args, { stdio: "ignore" });
  const ended = once(server, "exit");
  t.after(async () => {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true });
  });
  const api = `http://127.0.0.1:${port}`;
  await eventually("Prometheus is ready", async () => (await fetch(`${api}/-/ready`)).ok);
  return async <T>(question: string) => {
    const answer = await (await fetch(`${api}/api/v1/${question}`)).json();
    return (answer as { data: T }).data;
  };
}

/** The samples of a scrape in the plain form. */
function parse(scrape: string): string[] {
  const samples = scrape.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm);
  const lines = Array.from(samples, ([, name = "", labels = "", value]) => {
    const pairs = labels.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g);
    const metric = Object.fromEntries(Array.from(pairs, ([, key, text = ""]) => [key, JSON.parse(text)]));
    return line({ __name__: name, ...metric }, Number(value));
  });
  return lines.sort();
}

/** A series in one spelling; Prometheus adds where it got it, and from version 3 on writes a bound of 1 as 1.0. */
function line({ job, instance, ...metric }: Record<string, string>, value: number): string {
  const { le } = metric;
  const bound = le === undefined || le === "+Inf" ? {} : { le: String(Number(le)) };
  return `${JSON.stringify(Object.entries({ ...metric, ...bound }).sort())} ${value}`;
}
