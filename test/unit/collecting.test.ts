import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Registry } from "prom-client";
import { type Collecting, createCollecting } from "../../exporter/collecting.ts";
import { type Collector, PartialError, type Sample } from "../../exporter/collectors/collector.ts";
import { sample } from "./support/exporter.ts";
import { recordingLogger } from "./support/logger.ts";

/** Seconds. */
const INTERVAL = 15;

const HANGING: Promise<Sample[]> = new Promise(() => {});
const cpu = (value: number): Sample[] => [{ metric: "system_cpu_usage_percent", value }];
const memory = (value: number): Sample[] => [{ metric: "system_memory_usage_percent", value }];

/** A collector that answers each time with the next of `answers`, the last one over and over. */
function collector(name: string, answers: (() => Promise<Sample[]>)[], deadline = 60_000): Collector {
  const left = [...answers];
  return { name, deadline, collect: () => ((left.length > 1 ? left.shift() : left[0]) ?? (() => HANGING))() };
}

interface Run {
  collecting: Collecting;
  scrape(): Promise<string>;
  /** Lets collect_interval pass. */
  next(): Promise<void>;
  lines: string[];
}

async function start(t: TestContext, collectors: Collector[]): Promise<Run> {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const registry = new Registry();
  const { logger, lines } = recordingLogger();
  const collecting = createCollecting({ collectors, interval: INTERVAL, registry, logger });
  t.after(() => collecting.stop());
  collecting.start();
  await turn();
  return {
    collecting,
    scrape: () => registry.metrics(),
    async next() {
      t.mock.timers.tick(INTERVAL * 1000);
      await turn();
    },
    lines,
  };
}

test("a collector that hangs fails alone: the others go on, and no scrape waits", async (t) => {
  const hung = collector("disk", [() => HANGING], 20);
  const { scrape, lines } = await start(t, [hung, collector("cpu", [async () => cpu(10)])]);
  assert.equal(sample(await scrape(), "system_cpu_usage_percent"), 10);
  t.mock.timers.tick(20);
  await turn();
  const text = await scrape();
  assert.equal(sample(text, 'monitoring_collector_success{collector="disk"}'), 0);
  assert.equal(sample(text, 'monitoring_collector_success{collector="cpu"}'), 1);
  assert.equal(sample(text, "system_cpu_usage_percent"), 10);
  assert.match(lines.join(), /"collector":"disk".*no answer within 20 ms/);
});

test("each run replaces the last one's values", async (t) => {
  const { scrape, next } = await start(t, [collector("cpu", [async () => cpu(10), async () => cpu(20)])]);
  assert.equal(sample(await scrape(), "system_cpu_usage_percent"), 10);
  await next();
  assert.equal(sample(await scrape(), "system_cpu_usage_percent"), 20);
});

test("a collector that fails takes its last values along, and comes back with new ones", async (t) => {
  const broken = async () => {
    throw new Error("EIO");
  };
  const { scrape, next } = await start(t, [
    collector("cpu", [async () => cpu(10), broken, async () => cpu(30)]),
    collector("memory", [async () => memory(50)]),
  ]);
  await next();
  const failed = await scrape();
  assert.equal(sample(failed, "system_cpu_usage_percent"), undefined);
  assert.equal(sample(failed, 'monitoring_collector_success{collector="cpu"}'), 0);
  assert.equal(sample(failed, "system_memory_usage_percent"), 50);
  await next();
  assert.equal(sample(await scrape(), "system_cpu_usage_percent"), 30);
});

test("a collector that measures a part has failed, and the part is published", async (t) => {
  const partial = async () => {
    throw new PartialError("/mnt/nas (nfs4) hangs", cpu(20));
  };
  const { scrape, next, lines } = await start(t, [
    collector("disk", [async () => [...cpu(10), ...memory(50)], partial, async () => cpu(30)]),
  ]);
  assert.equal(sample(await scrape(), "system_memory_usage_percent"), 50);
  await next();
  const text = await scrape();
  assert.equal(sample(text, "system_cpu_usage_percent"), 20);
  assert.equal(sample(text, "system_memory_usage_percent"), undefined);
  assert.equal(sample(text, 'monitoring_collector_success{collector="disk"}'), 0);
  assert.ok((sample(text, 'monitoring_collector_duration_seconds{collector="disk"}') ?? -1) >= 0);
  assert.match(lines.join(), /"collector":"disk".*\/mnt\/nas \(nfs4\) hangs/);
  await next();
  assert.equal(sample(await scrape(), 'monitoring_collector_success{collector="disk"}'), 1);
});

test("a collector is told of the stop, and goes on after another start", async (t) => {
  let stops = 0;
  const { collecting, scrape } = await start(t, [
    {
      ...collector("cpu", [async () => cpu(10)]),
      stop() {
        stops += 1;
      },
    },
  ]);
  collecting.stop();
  assert.equal(stops, 1);
  collecting.start();
  await turn();
  assert.equal(sample(await scrape(), "system_cpu_usage_percent"), 10);
});

test("what comes back after the stop is not published", async (t) => {
  const slow = Promise.withResolvers<Sample[]>();
  const { collecting, scrape } = await start(t, [collector("cpu", [() => slow.promise])]);
  collecting.stop();
  slow.resolve(cpu(10));
  await turn();
  assert.equal(sample(await scrape(), "system_cpu_usage_percent"), undefined);
  assert.equal(collecting.running, false);
});

test("a collector that has not come back is not asked a second time", async (t) => {
  let asked = 0;
  const hung = collector("disk", [
    () => {
      asked += 1;
      return HANGING;
    },
  ]);
  const { next } = await start(t, [hung]);
  await next();
  await next();
  assert.equal(asked, 1);
});

test("once stopped, a collector that hangs does not keep the process alive", async (t) => {
  const registry = new Registry();
  const { logger } = recordingLogger();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const collecting = createCollecting({
    collectors: [collector("disk", [() => HANGING], 500)],
    interval: INTERVAL,
    registry,
    logger,
  });
  t.after(() => collecting.stop());
  collecting.start();
  await turn();
  collecting.stop();
  assert.equal(timers(), before);
});

test("a slow run, still within its deadline, does not take the last values away", async (t) => {
  const { scrape, next } = await start(t, [collector("services", [async () => cpu(10), () => HANGING])]);
  await next();
  await next();
  const text = await scrape();
  assert.equal(sample(text, "system_cpu_usage_percent"), 10);
  assert.equal(sample(text, 'monitoring_collector_success{collector="services"}'), 1);
});

test("a standing collector goes on while the others are stopped, and ends with the exporter", async (t) => {
  let asked = 0;
  const events: Collector = {
    ...collector("events", [
      async () => {
        asked += 1;
        return [];
      },
    ]),
    standing: true,
  };
  const { collecting, scrape, next } = await start(t, [collector("cpu", [async () => cpu(10)]), events]);
  const successes = async () => (await scrape()).match(/^monitoring_collector_success\{.*/gm) ?? [];
  assert.deepEqual([asked, await successes()], [0, ['monitoring_collector_success{collector="cpu"} 1']]);
  collecting.open();
  await turn();
  collecting.stop();
  await next();
  assert.deepEqual([asked, await successes()], [2, ['monitoring_collector_success{collector="events"} 1']]);
  collecting.close();
  await next();
  assert.deepEqual([asked, await successes()], [2, []]);
});
