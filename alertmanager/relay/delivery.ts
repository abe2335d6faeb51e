import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../service/clock.ts";
import type { Logger } from "../../service/logger.ts";
import type { Channel, Outcome } from "./channels/channel.ts";
import type { RelayMetrics } from "./metrics.ts";
import { countWaiting, hasCritical, lease, nextDue, readWaiting } from "./outbox/queue.ts";
import { isCrowded, type Plan, planDigest, planFull, RESERVE } from "./plan.ts";
import { createSettling } from "./settling.ts";

/** Milliseconds after a mistake of our own, or a disk that refuses. */
const AFTER_ERROR = 5000;
/** A timer's longest sleep, in milliseconds: the clock may be set meanwhile. */
const LONGEST_SLEEP = 60_000;

/** Milliseconds until it is looked again whether there is room for what is not critical. */
const RESERVED_LOOK = 1000;
/** Milliseconds between messages of the reserve: it lasts for the minute, so nothing critical waits for much longer. */
const RESERVED_PACE = 12_000;

/** Sends what waits for one channel, oldest first, one message at a time. */
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
 * A notification is pending, then leased to an attempt, then sent, failed for good, or pending again. A crash between
 * sending and noting it sends that one message again: delivery is at least once.
 */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { database, channel, clock, logger } = options;
  const stopping = new AbortController();
  const settle = createSettling(options);
  let awake = Promise.withResolvers<void>();
  let running: Promise<void> = Promise.resolve();
  /** What holds up one message holds up the next as well, of whatever alerts. Void once the clock is set back. */
  let hold = { since: 0, until: 0 };
  let sentAt = Number.NEGATIVE_INFINITY;

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
    const now = clock.now();
    if (now >= hold.since && now < hold.until) return hold.until;
    const due = nextDue(database, channel.name, now) ?? Number.POSITIVE_INFINITY;
    if (due > now) return due;
    if (keepsReserve(now)) return now + RESERVED_LOOK;
    const waiting = countWaiting(database, channel.name, now);
    const crowded = isCrowded(waiting, channel);
    const pending = readWaiting(database, channel.name, crowded ? undefined : waiting[0]?.batch, now);
    const plan = (crowded ? planDigest : planFull)(pending, channel);
    const leaseUntil = lease(database, [...plan.named, ...plan.counted], now);
    const outcome = await channel.send(plan.content);
    if (outcome.kind === "sent") sentAt = clock.now();
    await settleAtLast(plan, leaseUntil, outcome);
    return undefined;
  }

  /** Whether what room is left in the minute is kept for what is critical, or for later. */
  function keepsReserve(now: number): boolean {
    const capacity = channel.capacity();
    if (capacity > RESERVE) return false;
    if (!hasCritical(database, channel.name)) return true;
    return capacity < RESERVE && now >= sentAt && now < sentAt + RESERVED_PACE;
  }

  /** What was sent is not sent again because the disk refuses to note it: the note is tried again instead. */
  async function settleAtLast(plan: Plan, leaseUntil: number, outcome: Outcome): Promise<void> {
    while (true) {
      try {
        const settlement = settle(plan, leaseUntil, outcome);
        if (settlement.state === "pending") hold = { since: clock.now(), until: settlement.until };
        return;
      } catch (error) {
        logger.error({ channel: channel.name, err: error }, "cannot note what became of a message");
        if (stopping.signal.aborted) return;
        awake = Promise.withResolvers();
        await sleepUntil(clock.now() + AFTER_ERROR);
      }
    }
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
