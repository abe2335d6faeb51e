import { Gauge, Registry } from "prom-client";
import type { Config } from "../config/config.ts";
import { EnvironmentError, type ServiceEnvironment } from "../config/environment.ts";
import packageJson from "../package.json" with { type: "json" };
import type { Clock } from "../service/clock.ts";
import { type HttpServer, isLoopback, serve } from "../service/http.ts";
import type { Logger } from "../service/logger.ts";
import { onlyOwnNames } from "../service/names.ts";
import { registerProcessMetrics } from "../service/process-metrics.ts";
import type { Service } from "../service/service.ts";
import { createApp } from "./app.ts";
import { createCollecting } from "./collecting.ts";
import type { Collector } from "./collectors/collector.ts";
import { eventsCollector } from "./collectors/events.ts";
import { createCollectors } from "./collectors/index.ts";
import { createEventJournal, StorageError } from "./events/journal.ts";
import { registerEventMetrics } from "./events/metrics.ts";
import { createStoreThread } from "./events/thread.ts";

export interface ExporterOptions {
  config: Config;
  environment: ServiceEnvironment;
  clock: Clock;
  logger: Logger;
  /** What measures the host and the services; every collector there is, unless a test hands in fixed ones. */
  collectors?: Collector[] | undefined;
}

/** A running exporter knows where it listens. */
export interface Exporter extends Service {
  readonly url: string;
}

/**
 * The exporter: publishes every metric and decides nothing.
 * @throws {EnvironmentError} if other machines could reach it without a token
 */
export function createExporter({
  config,
  environment,
  clock,
  logger,
  collectors,
}: ExporterOptions): Exporter {
  if (!isLoopback(environment.host) && environment.exporterToken === undefined) {
    throw new EnvironmentError(`HOST=${environment.host} 对其他机器开放，必须同时设置 EXPORTER_TOKEN`);
  }
  const registry = new Registry();
  let server: HttpServer | undefined;
  const url = () => server?.url ?? "";
  const { dataDir } = environment;
  const { timezone } = config;
  const journal = createEventJournal({ thread: createStoreThread({ dataDir, timezone }), clock });
  const measuring = collectors ?? createCollectors(config, environment.hostRoot, ownUrl);
  const collecting = createCollecting({
    collectors: [...measuring, eventsCollector(journal)],
    interval: config.collectInterval,
    registry,
    logger,
  });
  registerEventMetrics({ journal, timezone, clock, registry });
  registerOwnMetrics(registry, config, () => collecting.running);
  registerProcessMetrics(registry);
  const app = createApp({ config, environment, registry, collecting, journal, clock, logger });

  /** A disk that takes nothing at the moment is no reason not to measure the rest. @throws only before it listens */
  async function checkJournal(): Promise<void> {
    try {
      await journal.check();
    } catch (error) {
      if (server === undefined && error instanceof StorageError && error.hopeless) throw error;
      logger.error({ err: error }, "events cannot be stored yet");
    }
  }

  /** Where it reaches itself: on loopback where it listens on every address. */
  function ownUrl(): string {
    return url().replace(/\/\/(0\.0\.0\.0|\[::\])(?=:)/, "//127.0.0.1");
  }

  return {
    async start() {
      await checkJournal();
      server = await serve(
        onlyOwnNames(app, Object.values(environment.publicUrls)),
        environment.host,
        config.metricsPort,
      );
      collecting.open();
      if (config.enabled) collecting.start();
      logger.info({ url: url() }, "listening");
    },
    async stop() {
      collecting.close();
      await server?.close();
      server = undefined;
      await journal.close();
    },
    get url() {
      return url();
    },
  };
}

function registerOwnMetrics(registry: Registry, config: Config, running: () => boolean): void {
  const registers = [registry];
  new Gauge({
    name: "monitoring_enabled",
    help: "1 while metrics are being collected, else 0.",
    registers,
    collect() {
      this.set(running() ? 1 : 0);
    },
  });
  new Gauge({
    name: "monitoring_alert_enabled",
    help: "1 if alerts are sent, 0 if they are only recorded.",
    registers,
  }).set(config.alertEnabled ? 1 : 0);
  new Gauge({
    name: "monitoring_build_info",
    help: "Always 1; the version is in the labels.",
    labelNames: ["version", "node"],
    registers,
  }).set({ version: packageJson.version, node: process.version }, 1);
}
