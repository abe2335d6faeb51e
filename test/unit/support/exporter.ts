import type { TestContext } from "node:test";
import { type Config, parseConfig } from "../../../config/config.ts";
import { type Env, readServiceEnvironment } from "../../../config/environment.ts";
import type { Collector } from "../../../exporter/collectors/collector.ts";
import { createCollectors } from "../../../exporter/collectors/index.ts";
import { createExporter } from "../../../exporter/exporter.ts";
import type { Clock } from "../../../service/clock.ts";
import type { Logger } from "../../../service/logger.ts";
import { fakeClock } from "./clock.ts";
import { temporaryFolder } from "./folder.ts";
import { silentLogger } from "./logger.ts";
import { until } from "./until.ts";

export interface ExporterSettings {
  config?: Partial<Config>;
  env?: Env;
  clock?: Clock;
  dataDir?: string;
  logger?: Logger;
  collectors?: Collector[];
}

export interface TestExporter {
  url: string;
  dataDir: string;
  /** Posts JSON (or the text as it is) to /events. */
  send(events: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The body of a GET. */
  text(path: string): Promise<string>;
  json(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** The exporter's Config for tests: any free port, and no second look by the collectors. */
export function testConfig(changes: Partial<Config> = {}): Config {
  return { ...parseConfig("", "config.ini"), metricsPort: 0, collectInterval: 3600, ...changes };
}

/** A real exporter on a free port, stopped with the test. */
export async function startExporter(
  t: TestContext,
  {
    config,
    env = {},
    clock = fakeClock(),
    dataDir = temporaryFolder(t),
    logger = silentLogger,
    collectors,
  }: ExporterSettings = {},
): Promise<TestExporter> {
  const environment = { ...readServiceEnvironment(env, 0), dataDir };
  const exporter = createExporter({ config: testConfig(config), environment, clock, logger, collectors });
  t.after(() => exporter.stop());
  await exporter.start();
  const { url } = exporter;
  const text = async (path: string) => (await fetch(url + path)).text();
  return {
    url,
    dataDir,
    send: (events, headers = {}) =>
      fetch(`${url}/events`, {
        method: "POST",
        body: typeof events === "string" ? events : JSON.stringify(events),
        headers: { "Content-Type": "application/json", ...headers },
      }),
    text,
    json: async (path) => JSON.parse(await text(path)),
    stop: () => exporter.stop(),
  };
}

/** A scrape in which every collector has come back once. */
export async function collected(exporter: TestExporter): Promise<string> {
  // The events are one more.
  const all = createCollectors(testConfig(), "/", () => "").length + 1;
  return until("all collectors succeed", async () => {
    const scrape = await exporter.text("/metrics");
    return scrape.match(/^monitoring_collector_success.* 1$/gm)?.length === all && scrape;
  });
}

/** The value of one series of a scrape, written as it is exposed; undefined where it is absent. */
export function sample(scrape: string, series: string): number | undefined {
  const line = scrape.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}
