import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../scripts/stack/run.ts";
import { requireTool } from "../helpers/servers.ts";
import { fakeClock } from "./support/clock.ts";
import { fixedCollectors } from "./support/collectors.ts";
import { collected, startExporter } from "./support/exporter.ts";
import { fixturePath, matchGolden, readFixture } from "./support/golden.ts";

const GOLDEN = "exporter/scrape.txt";

const EVENTS = [
  { type: "message", outcome: "ok", duration_seconds: 0.42 },
  { type: "message", outcome: "error", duration_seconds: 5 },
  { type: "message", outcome: "ok", duration_seconds: 75 },
  { type: "message", outcome: "ok", at: "2026-02-11T12:00:00+08:00" },
  { type: "consultation" },
  { type: "case" },
  { type: "satisfaction", score: 4.5 },
  { type: "satisfaction", score: 2 },
];

test("a whole scrape, byte for byte", async (t) => {
  const exporter = await startExporter(t, { clock: fakeClock(), collectors: fixedCollectors });
  assert.equal((await exporter.send(EVENTS)).status, 202);
  matchGolden(GOLDEN, withoutMachine(await collected(exporter)));
});

test("the real collectors have the same names, and publish the same metrics with the same labels", async (t) => {
  const exporter = await startExporter(t);
  await exporter.send(EVENTS);
  const [actual, golden] = [await collected(exporter), readFixture(GOLDEN)];
  assert.deepEqual(families(actual), families(golden));
  const successes = (scrape: string) => scrape.match(/^monitoring_collector_success.*$/gm)?.sort();
  assert.deepEqual(successes(actual), successes(golden));
});

test("promtool finds nothing to complain of", async () => {
  const promtool = await requireTool("prometheus");
  // It reads standard input; its findings are on standard error, and make it fail.
  await run("sh", ["-c", '"$0" check metrics < "$1"', promtool, fixturePath(GOLDEN)]);
});

/** The one place where what differs from machine to machine, and from run to run, is replaced. */
function withoutMachine(scrape: string): string {
  return scrape
    .replace(/^(process_resident_memory_bytes) \d{7,}$/m, "$1 50000000")
    .replaceAll(/^(monitoring_collector_duration_seconds\{.*\}) \d\S*$/gm, "$1 0.001")
    .replace(
      /^(monitoring_build_info)\{version="[\w.-]+",node="v[\d.]+"\}/m,
      '$1{version="0.0.0",node="v0.0.0"}',
    );
}

/** One line a metric: name, type, and the labels of its samples. */
function families(scrape: string): string[] {
  const types = [...scrape.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  const lines = types.map(([, name = "", type = ""]) => {
    const series = [...scrape.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?(?:\\{(.*)\\})? `, "gm"))];
    const labels = series.flatMap(([, pairs = ""]) =>
      [...pairs.matchAll(/(\w+)="/g)].map(([, label]) => label),
    );
    return [name, type, ...new Set(labels)].join(" ");
  });
  return lines.sort();
}
