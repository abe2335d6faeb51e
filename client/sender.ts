import { MonitoringError } from "./error.ts";
import type { Outcome } from "./post-events.ts";
import type { EventQueue } from "./queue.ts";
import type { Tell } from "./tell.ts";
import { createTrouble, type RetryTiming } from "./trouble.ts";
import { createWaiters } from "./waiters.ts";
import type { EventProblem, WireEvent } from "./wire.ts";

/** Milliseconds. */
export interface Timing extends RetryTiming {
  /** From the first event until its batch is sent. */
  interval: number;
  /** Of one request. */
  timeout: number;
  /** The last attempt, when the process is about to end. */
  exit: number;
}

export interface SenderParts {
  queue: EventQueue;
  /** Never rejects. @param timeout milliseconds */
  post: (batch: WireEvent[], timeout: number) => Promise<Outcome>;
  tell: Tell;
  timing: Timing;
  /** From 0 to 1. */
  random: () => number;
}

export interface Sender {
  /** Something was added to the queue. */
  notice(): void;
  /** The settings are others: tries again at once. */
  retry(): void;
  /** @returns whether everything added so far has left within so many milliseconds */
  flush(timeout: number): Promise<boolean>;
  /** One attempt at everything that waits. @returns how many still do */
  sendBeforeExit(): Promise<number>;
}

const BATCH = 500;
/** Enough to find the mistake. */
const PROBLEMS_TOLD = 5;

/**
 * Empties the queue, oldest first, one batch at a time: it is either sending, or waiting for a timer (for a batch to
 * fill, or to retry), or has nothing to do. What was sent stays in the queue until the exporter has it on disk.
 */
export function createSender({ queue, post, tell, timing, random }: SenderParts): Sender {
  const trouble = createTrouble(tell, timing, random);
  const waiters = createWaiters();
  let isSending = false;
  let sending = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  /** Up to here nothing waits for a batch to fill. Counted as queue.added. */
  let urgent = 0;
  let batchSize = BATCH;
  /** The settings changed during an attempt. */
  let isOutdated = false;
  let exitBy = Number.POSITIVE_INFINITY;

  /** Sends what waits by now. */
  function hurry(): void {
    urgent = queue.added;
    start();
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    if (!isSending) sending = send();
  }

  function startIn(delay: number): void {
    timer = setTimeout(hurry, delay).unref();
  }

  async function send(): Promise<void> {
    isSending = true;
    let goesOn = true;
    while (goesOn && (queue.length >= batchSize || queue.left < urgent) && performance.now() < exitBy)
      goesOn = await sendBatch();
    isSending = false;
    if (!goesOn) startIn(isOutdated ? 0 : trouble.delay());
    else if (queue.length > 0) startIn(timing.interval);
    isOutdated = false;
  }

  /** @returns false if it is to be tried again later */
  async function sendBatch(): Promise<boolean> {
    const batch = queue.head(batchSize);
    const outcome = await post(batch, Math.min(timing.timeout, exitBy - performance.now()));
    if (outcome.kind === "failed") {
      trouble.add(outcome.error);
      return false;
    }
    trouble.end();
    if (outcome.kind === "stored") queue.remove(batch.length);
    else if (outcome.kind === "too large") batchSize = Math.ceil(batch.length / 2);
    else {
      queue.removeAt(new Set(outcome.problems.map(({ index }) => index)));
      tell(toRefusal(batch, outcome.problems));
    }
    waiters.reached(queue.left);
    return true;
  }

  return {
    notice() {
      // While it waits to retry, a full batch changes nothing.
      if (queue.length >= batchSize && !trouble.exists) start();
      else if (!isSending && timer === undefined) startIn(timing.interval);
    },
    retry() {
      trouble.end();
      isOutdated = isSending;
      if (queue.length > 0) hurry();
    },
    flush(timeout) {
      if (queue.length === 0) return Promise.resolve(true);
      trouble.restart();
      hurry();
      return waiters.wait(queue.added, timeout);
    },
    async sendBeforeExit() {
      exitBy = performance.now() + timing.exit;
      hurry();
      await sending;
      exitBy = Number.POSITIVE_INFINITY;
      return queue.length;
    },
  };
}

function toRefusal(batch: WireEvent[], problems: EventProblem[]): MonitoringError {
  const refused = new Set(problems.map(({ index }) => index)).size;
  const told = problems.slice(0, PROBLEMS_TOLD).map(({ index, field, reason }) => {
    const event = batch[index];
    return `${event?.type} ${event?.id}${field ? ` ${field}` : ""}: ${reason}`;
  });
  const rest = problems.length > told.length ? `; ${problems.length - told.length} problems more` : "";
  return new MonitoringError(
    "refused",
    `the exporter refused ${refused} of ${batch.length} events: ${told.join("; ")}${rest}`,
  );
}
