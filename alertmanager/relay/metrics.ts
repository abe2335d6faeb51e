import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { registerProcessMetrics } from "../../service/process-metrics.ts";
import { type Channel, FAILURE_REASONS } from "./channels/channel.ts";
import type { Pending } from "./outbox/queue.ts";

/** The relay's own metrics. */
export interface RelayMetrics {
  registry: Registry;
  received(alerts: number): void;
  /** @param now milliseconds since the epoch */
  sent(channel: string, told: Pending[], now: number): void;
  retried(channel: string, told: Pending[]): void;
  failed(channel: string, reason: string, told: Pending[]): void;
  /** Some of the receivers were not reached; the rest was. */
  undelivered(channel: string, told: Pending[]): void;
}

export interface MetricsOptions {
  channels: Channel[];
  /** Waiting notifications of a channel; `age` of the oldest in seconds, 0 where there is none. */
  backlog: (channel: string) => { pending: number; age: number };
  /** Whether the last notification that is settled has failed, be it for one receiver only. */
  isFailing: (channel: string) => boolean;
  /** Seconds since the last watchdog, or since the start. */
  watchdogAge: () => number;
}

/** Seconds from the webhook to the channel's acceptance. */
const DELIVERY_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600];

export function createMetrics({ channels, backlog, isFailing, watchdogAge }: MetricsOptions): RelayMetrics {
  const registry = new Registry();
  const registers = [registry];
  const received = new Counter({
    name: "relay_alerts_received_total",
    help: "Alerts taken from Alertmanager, repeats included.",
    registers,
  });
  const notifications = new Counter({
    name: "relay_notifications_total",
    help: "Notifications by what became of them; retried ones are not settled yet.",
    labelNames: ["channel", "outcome"],
    registers,
  });
  const failed = new Counter({
    name: "relay_notifications_failed_total",
    help: "Notifications that failed for good, by reason.",
    labelNames: ["channel", "reason"],
    registers,
  });
  const delivery = new Histogram({
    name: "relay_delivery_seconds",
    help: "Time from the webhook until the channel took the notification.",
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  // From 0, so that the first one is an increase.
  for (const { name: channel } of channels) {
    for (const outcome of ["sent", "retried", "failed"]) notifications.inc({ channel, outcome }, 0);
    for (const reason of FAILURE_REASONS) failed.inc({ channel, reason }, 0);
  }
  registerGauges(registry, { channels, backlog, isFailing, watchdogAge });
  registerProcessMetrics(registry);
  return {
    registry,
    received: (alerts) => received.inc(alerts),
    sent(channel, told, now) {
      notifications.inc({ channel, outcome: "sent" }, count(told));
      for (const { createdAt } of told) delivery.observe(Math.max(0, now - createdAt) / 1000);
    },
    retried: (channel, told) => notifications.inc({ channel, outcome: "retried" }, count(told)),
    failed(channel, reason, told) {
      notifications.inc({ channel, outcome: "failed" }, count(told));
      failed.inc({ channel, reason }, count(told));
    },
    undelivered: (channel, told) => failed.inc({ channel, reason: "receiver" }, count(told)),
  };
}

/** Notifications of one alert that are told together are as many. */
function count(told: Pending[]): number {
  return told.reduce((sum, { ids }) => sum + ids.length, 0);
}

function registerGauges(
  registry: Registry,
  { channels, backlog, isFailing, watchdogAge }: MetricsOptions,
): void {
  const registers = [registry];
  new Gauge({
    name: "relay_outbox_pending",
    help: "Notifications waiting to be sent.",
    labelNames: ["channel"],
    registers,
    collect() {
      for (const { name } of channels) this.set({ channel: name }, backlog(name).pending);
    },
  });
  new Gauge({
    name: "relay_outbox_oldest_seconds",
    help: "Age of the oldest waiting notification; 0 where there is none.",
    labelNames: ["channel"],
    registers,
    collect() {
      for (const { name } of channels) this.set({ channel: name }, backlog(name).age);
    },
  });
  new Gauge({
    name: "relay_channel_failing",
    help: "1 if the channel's last settled notification failed for good, be it for one receiver only, else 0.",
    labelNames: ["channel"],
    registers,
    collect() {
      for (const { name } of channels) this.set({ channel: name }, isFailing(name) ? 1 : 0);
    },
  });
  new Gauge({
    name: "relay_watchdog_age_seconds",
    help: "Time since the watchdog was last heard.",
    registers,
    collect() {
      this.set(watchdogAge());
    },
  });
}
