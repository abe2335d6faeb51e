import { join } from "node:path";
import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Channel, Outcome } from "../../../alertmanager/relay/channels/channel.ts";
import { createDelivery, type Delivery } from "../../../alertmanager/relay/delivery.ts";
import { createMetrics } from "../../../alertmanager/relay/metrics.ts";
import {
  type NotificationRecord,
  readFiring,
  readNotifications,
} from "../../../alertmanager/relay/outbox/history.ts";
import { accept } from "../../../alertmanager/relay/outbox/intake.ts";
import { endLeases } from "../../../alertmanager/relay/outbox/queue.ts";
import { parseWebhook } from "../../../alertmanager/relay/webhook.ts";
import { PROJECT } from "../../../scripts/stack/project.ts";
import { openDatabase } from "../../../service/database.ts";
import { firing, type PostedAlert, webhook } from "./alerts.ts";
import { fakeClock } from "./clock.ts";
import { temporaryFolder } from "./folder.ts";
import { silentLogger } from "./logger.ts";

const CHANNEL = "test";

export const alertOf = (name: string) => firing(name);

export interface OutboxSettings {
  /** What becomes of each attempt, in order; then all are sent. "hang" ends with letGo(). */
  outcomes?: (Outcome | "hang")[];
  /** Alerts that a message bears. */
  bears?: number;
  /** Messages that the channel says it could take. */
  capacity?: number;
}

/** A real outbox on disk, and its delivery through a channel that does as it is told. */
export interface Outbox {
  folder: string;
  /** What was handed to the channel, for example "A firing, B resolved". */
  sent: string[];
  /** One webhook. */
  take(...alerts: PostedAlert[]): Promise<void>;
  /** Lets time pass. @param seconds */
  pass(seconds: number): Promise<void>;
  /** Sets the clock back. @param seconds */
  setBack(seconds: number): void;
  /** Newest first. */
  notifications(): NotificationRecord[];
  /** How many alerts go on. */
  firing(): number;
  /** Ends the attempt that hangs. */
  letGo(outcome: Outcome): Promise<void>;
  /** Another delivery on the same disk, as after a crash. */
  startAgain(): void;
  stop(): Promise<void>;
}

export function openOutbox(
  t: TestContext,
  {
    outcomes = [],
    bears = Number.POSITIVE_INFINITY,
    capacity = Number.POSITIVE_INFINITY,
  }: OutboxSettings = {},
): Outbox {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const folder = temporaryFolder(t);
  const database = openDatabase(
    join(folder, "relay.db"),
    join(PROJECT, "alertmanager/relay/outbox/migrations"),
  );
  const clock = fakeClock();
  const sent: string[] = [];
  const hanging = Promise.withResolvers<Outcome>();
  const channel: Channel<string> = {
    name: CHANNEL,
    compose(alerts) {
      const told = alerts.slice(0, bears);
      const content = told.map(({ labels, status }) => `${labels.alertname} ${status}`).join(", ");
      return { content, covers: told.length };
    },
    capacity: () => capacity,
    composeDigest({ alerts, countsRest }) {
      const told = alerts.slice(0, bears);
      const lines = told.map(({ labels, status }) => `${labels.alertname} ${status}`);
      const content = `digest of ${alerts.length}: ${lines.join(", ")}${countsRest ? " and numbers" : ""}`;
      return { content, covers: told.length };
    },
    composeTest: () => "test",
    async send(content) {
      sent.push(content);
      const outcome = outcomes.shift() ?? { kind: "sent" };
      return outcome === "hang" ? hanging.promise : outcome;
    },
  };
  const metrics = createMetrics({
    channels: [channel as Channel],
    backlog: () => ({ pending: 0, age: 0 }),
    isFailing: () => false,
    watchdogAge: () => 0,
  });
  const deliveries: Delivery[] = [];
  const start = () => {
    const delivery = createDelivery({
      database,
      channel: channel as Channel,
      metrics,
      clock,
      logger: silentLogger,
    });
    delivery.start();
    deliveries.push(delivery);
  };
  const stop = async () => void (await Promise.all(deliveries.map((delivery) => delivery.stop())));
  start();
  t.after(async () => {
    hanging.resolve({ kind: "sent" });
    await stop();
    database.close();
  });
  return {
    folder,
    sent,
    async take(...alerts) {
      accept(database, parseWebhook(webhook(...alerts)), [CHANNEL], clock.now());
      for (const delivery of deliveries) delivery.wake();
      await turn();
    },
    async pass(seconds) {
      clock.advance(seconds);
      t.mock.timers.tick(seconds * 1000);
      await turn();
    },
    setBack: (seconds) => clock.advance(-seconds),
    notifications: () => readNotifications(database, { channel: CHANNEL, state: undefined, limit: 100 }),
    firing: () => readFiring(database).length,
    async letGo(outcome) {
      hanging.resolve(outcome);
      await turn();
    },
    startAgain() {
      endLeases(database);
      start();
    },
    stop,
  };
}
