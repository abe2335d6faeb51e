import { setImmediate as nextTurn } from "node:timers/promises";
import type { Config } from "../../config/config.ts";
import type { ServiceEnvironment } from "../../config/environment.ts";
import type { SteadyClock } from "../../service/clock.ts";
import { type HttpServer, serve } from "../../service/http.ts";
import type { Logger } from "../../service/logger.ts";
import { onlyOwnNames } from "../../service/names.ts";
import type { Service } from "../../service/service.ts";
import { type Alert, isOwn } from "./alert.ts";
import { createApp } from "./app.ts";
import { type ChannelSettings, createChannels, listChannels } from "./channels/index.ts";
import { reportChannels } from "./channels-report.ts";
import { createDelivery } from "./delivery.ts";
import { DOUBTFUL_SILENCE, doubtEnds } from "./doubt.ts";
import { createMetrics } from "./metrics.ts";
import { openOutbox } from "./outbox/database.ts";
import { keepHeartbeat, readHeartbeat } from "./outbox/heartbeat.ts";
import { findFiring, isFailing, prune, readAlerts, readFiring, readNotifications } from "./outbox/history.ts";
import { accept } from "./outbox/intake.ts";
import { abandonOthers, backlog } from "./outbox/queue.ts";
import { createWindow } from "./outbox/window.ts";
import { createReconciling } from "./reconciling.ts";
import { createWatchdog } from "./watchdog.ts";
import { createWording } from "./wording.ts";

/** How often the history is pruned, and what channels that are gone were to tell is given up, in milliseconds. */
const TIDY_EVERY = 3600_000;
const DAY = 24 * 3600_000;

export interface RelayOptions {
  config: Config;
  environment: ServiceEnvironment;
  channelSettings: ChannelSettings;
  clock: SteadyClock;
  logger: Logger;
}

/** A running relay knows where it listens. */
export interface Relay extends Service {
  readonly url: string;
}

/** The relay: takes alerts from Alertmanager, remembers them, and tells people. @throws when the disk refuses */
export function createRelay({ config, environment, channelSettings, clock, logger }: RelayOptions): Relay {
  const database = openOutbox(environment.dataDir);
  const channels = createChannels({
    settings: channelSettings,
    enabled: config.channels,
    wording: createWording({
      timezone: config.timezone,
      alertmanagerUrl: environment.publicUrls.alertmanager,
      exporterUrl: environment.publicUrls.exporter,
    }),
    clock,
    logger,
    window: createWindow(database, clock.now, clock.elapsed),
  });
  const watchdog = createWatchdog({
    clock,
    exporterUrl: environment.publicUrls.exporter,
    kept: {
      read: () => readHeartbeat(database),
      keep: (heardAt) => keepHeartbeat(database, heardAt),
    },
    findFiring: (fingerprint) => findFiring(database, fingerprint),
    tell: (alert) => take([alert]),
    onError: (error) => logger.error({ err: error }, "cannot store the watchdog's silence"),
  });
  const metrics = createMetrics({
    channels,
    backlog(channel) {
      const { pending, oldest } = backlog(database, channel);
      return { pending, age: oldest === undefined ? 0 : Math.max(0, clock.now() - oldest) / 1000 };
    },
    isFailing: (channel) => isFailing(database, channel),
    watchdogAge: watchdog.age,
  });
  const reconciling = createReconciling({
    alertmanagerUrl: environment.urls.alertmanager,
    clock,
    logger,
    readFiring: () => readFiring(database).filter((alert) => !isOwn(alert)),
    isHeard: () => watchdog.isHeard(DOUBTFUL_SILENCE),
    tell: take,
  });
  const deliveries = channels.map((channel) => createDelivery({ database, channel, metrics, clock, logger }));
  /** With alerts switched off they are recorded, not sent. */
  const toldThrough = config.alertEnabled ? channels.map(({ name }) => name) : [];
  const app = createApp({
    token: environment.relayToken,
    channels,
    metrics,
    accept: (alerts) => take(watchdog.isHeard(DOUBTFUL_SILENCE) ? alerts : doubtEnds(alerts)),
    watchdogHeard: watchdog.heard,
    readAlerts: (query) => readAlerts(database, query),
    readNotifications: (query) => readNotifications(database, query),
    readChannels: () =>
      reportChannels(database, listChannels(channelSettings, config.channels), config.alertEnabled),
    logger,
  });
  let server: HttpServer | undefined;
  let tidying: NodeJS.Timeout | undefined;

  function take(alerts: Alert[]): void {
    accept(database, alerts, toldThrough, clock.now());
    for (const delivery of deliveries) delivery.wake();
  }

  async function tidy(): Promise<void> {
    try {
      abandonOthers(database, toldThrough, clock.now());
      while (database.isOpen && prune(database, clock.now() - config.retentionDays * DAY)) await nextTurn();
    } catch (error) {
      logger.warn({ err: error }, "cannot tidy the outbox");
    }
  }

  return {
    async start() {
      server = await serve(
        onlyOwnNames(app, Object.values(environment.publicUrls)),
        environment.host,
        environment.relayPort,
      );
      const names = channels.map(({ name }) => name);
      for (const delivery of deliveries) delivery.start();
      watchdog.start();
      reconciling.start();
      void tidy();
      tidying = setInterval(tidy, TIDY_EVERY);
      logger.info({ url: server.url, channels: names }, "listening");
    },
    async stop() {
      clearInterval(tidying);
      watchdog.stop();
      reconciling.stop();
      await server?.close();
      server = undefined;
      await Promise.all(deliveries.map((delivery) => delivery.stop()));
      if (database.isOpen) database.close();
    },
    get url() {
      return server?.url ?? "";
    },
  };
}
