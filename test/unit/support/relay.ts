import type { TestContext } from "node:test";
import { readChannelSettings } from "../../../alertmanager/relay/channels/index.ts";
import type { AlertRecord, NotificationRecord } from "../../../alertmanager/relay/outbox/history.ts";
import { createPatientRelay } from "../../../alertmanager/relay/patient.ts";
import type { Config } from "../../../config/config.ts";
import { type Env, readServiceEnvironment } from "../../../config/environment.ts";
import type { Logger } from "../../../service/logger.ts";
import { type PostedAlert, webhook } from "./alerts.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { testConfig } from "./exporter.ts";
import { temporaryFolder } from "./folder.ts";
import { silentLogger } from "./logger.ts";
import { until } from "./until.ts";

export interface RelaySettings {
  config?: Partial<Config>;
  /** Channels included, as in .env. */
  env?: Env;
  clock?: FakeClock;
  dataDir?: string;
  logger?: Logger;
}

export type Told = NotificationRecord & { alert: Record<string, string> };

export interface TestRelay {
  url: string;
  dataDir: string;
  clock: FakeClock;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Posts one webhook with these alerts. */
  tell(...alerts: PostedAlert[]): Promise<Response>;
  text(path: string): Promise<string>;
  alerts(query?: string): Promise<AlertRecord[]>;
  notifications(query?: string): Promise<Told[]>;
  /** Waits until nothing is pending. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** A real relay on a free port, stopped with the test. */
export async function startRelay(
  t: TestContext,
  {
    config,
    env = {},
    clock = fakeClock(),
    dataDir = temporaryFolder(t),
    logger = silentLogger,
  }: RelaySettings = {},
): Promise<TestRelay> {
  const relay = createPatientRelay({
    config: testConfig(config),
    environment: { ...readServiceEnvironment({ RELAY_PORT: "0", ...env }, 0), dataDir },
    channelSettings: readChannelSettings(env),
    clock,
    logger,
  });
  t.after(() => relay.stop());
  await relay.start();
  const { url } = relay;
  const text = async (path: string) => (await fetch(url + path)).text();
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...headers },
    });
  const notifications = async (query = ""): Promise<Told[]> =>
    JSON.parse(await text(`/api/notifications?${query}`)).notifications;
  return {
    url,
    dataDir,
    clock,
    post,
    tell: (...alerts) => post("/alerts", webhook(...alerts)),
    text,
    alerts: async (query = "") => JSON.parse(await text(`/api/alerts?${query}`)).alerts,
    notifications,
    async settled() {
      await until("nothing is pending", async () => (await notifications("state=pending")).length === 0);
    },
    stop: () => relay.stop(),
  };
}
