import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../service/clock.ts";
import type { Logger } from "../../service/logger.ts";
import type { Channel, Outcome } from "./channels/channel.ts";
import type { RelayMetrics } from "./metrics.ts";
import { nextDue, type Pending, postpone, readDue, settleFailed, settleSent } from "./outbox/queue.ts";

/** Milliseconds between attempts: doubled each time, up to the longest. */
const FIRST_RETRY = 1000;
const LONGEST_RETRY = 60_000;
/** After a mistake of our own, or a disk that refuses. */
const AFTER_ERROR = 5000;
/** A timer's longest sleep: the clock may be set meanwhile. */
const LONGEST_SLEEP = 60_000;

/** Sends one channel's pending notifications, oldest first, one message at a time. */
export interface Delivery {
  start(): void;
  /** There may be something to send. */
  wake(): void;
  /** Waits for the attempt under way. */
  stop(): Promise<void>;
}

export interface DeliveryOptions {
  database: DatabaseSync;
  channel: Channel;
  metrics: RelayMetrics;
  clock: Clock;
  logger: Logger;
}

/**
 * A notification is pending until it is sent or has failed for good. A crash between sending and settling sends that
 * one message again: delivery is at least once.
 */
export function createDelivery({ database, channel, metrics, clock, logger }: DeliveryOptions): Delivery {
  const stopping = new AbortController();
  let awake = Promise.withResolvers<void>();
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      awake = Promise.withResolvers();
      const due = await deliverNext().catch((error: unknown) => {
        logger.error({ channel: channel.name, err: error }, "delivery stumbled");
        return clock.now() + AFTER_ERROR;
      });
      if (due !== undefined) await sleepUntil(due);
    }
  }

  /** @returns when to look again (milliseconds since the epoch), or undefined for at once */
  async function deliverNext(): Promise<number | undefined> {
    const pending = readDue(database, channel.name, clock.now());
    if (pending.length === 0) return nextDue(database, channel.name) ?? Number.POSITIVE_INFINITY;
    const { content, covers } = channel.compose(pending.map(({ alert }) => alert));
    const told = pending.slice(0, covers);
    const outcome = await channel.send(content);
    await settleAtLast(told, outcome);
    return undefined;
  }

  /** What was sent is not sent again because the disk refuses to note it: the note is tried again instead. */
  async function settleAtLast(told: Pending[], outcome: Outcome): Promise<void> {
    while (true) {
      try {
        settle(told, outcome);
        return;
      } catch (error) {
        logger.error({ channel: channel.name, err: error }, "cannot note what became of a message");
        if (stopping.signal.aborted) return;
        awake = Promise.withResolvers();
        await sleepUntil(clock.now() + AFTER_ERROR);
      }
    }
  }

  function settle(told: Pending[], outcome: Outcome): void {
    const now = clock.now();
    const attempts = 1 + Math.max(...told.map((pending) => pending.attempts));
    switch (outcome.kind) {
      case "sent":
        settleSent(database, told, now);
        metrics.sent(channel.name, told, now);
        logger.info({ channel: channel.name, alerts: told.length }, "sent");
        break;
      case "wait": {
        const { until } = outcome;
        const known = { reason: "rate_limited", detail: "等待渠道的发送限额", until, attempted: false };
        postpone(database, told, known);
        break;
      }
      case "retry":
        if (outcome.tries !== undefined && attempts >= outcome.tries) fail(told, outcome, now);
        else {
          const backoff = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(attempts - 1, 10));
          postpone(database, told, {
            ...outcome,
            until: Math.max(outcome.until ?? 0, now + backoff),
            attempted: true,
          });
          metrics.retried(channel.name, told);
          logger.warn(
            { channel: channel.name, reason: outcome.reason, detail: outcome.detail },
            "will try again",
          );
        }
        break;
      case "failed":
        fail(told, outcome, now);
        break;
    }
  }

  function fail(told: Pending[], outcome: Extract<Outcome, { detail: string }>, now: number): void {
    settleFailed(database, told, outcome, now);
    metrics.failed(channel.name, outcome.reason, told);
    logger.error(
      { channel: channel.name, reason: outcome.reason, detail: outcome.detail },
      "failed for good",
    );
  }

  async function sleepUntil(due: number): Promise<void> {
    const timer = setTimeout(awake.resolve, Math.min(LONGEST_SLEEP, Math.max(0, due - clock.now())));
    await awake.promise;
    clearTimeout(timer);
  }

  return {
    start() {
      running = run();
    },
    wake: () => awake.resolve(),
    stop() {
      stopping.abort();
      awake.resolve();
      return running;
    },
  };
}
