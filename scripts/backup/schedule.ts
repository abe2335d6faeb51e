import type { SteadyClock } from "../../service/clock.ts";
import type { Outcome } from "./attempt.ts";

/** Milliseconds between two looks at the clock, and between two attempts. */
const EVERY = 60_000;
const RETRY = 3600_000;
/** Milliseconds for which a failure is told; it is renewed at each look. */
const TOLD_FOR = 5 * EVERY;

/** Why there is no backup, and since when, in milliseconds since the epoch. */
export interface Failure {
  why: string;
  since: number;
}

export interface ScheduleOptions {
  clock: SteadyClock;
  isDue: () => boolean;
  make: (signal: AbortSignal) => Promise<Outcome>;
  /** Tells people of a failure, or of its end. @param endsAt when it is over unless told again */
  tell: (failure: Failure, endsAt: number) => Promise<void>;
}

/** Makes a backup whenever one is due, and tells for as long as the last attempt has failed. */
export interface Schedule {
  start(): void;
  /** Breaks off the one that is being made. */
  stop(): Promise<void>;
}

/**
 * Each minute: a failure is told again, and an attempt begins if one is due and none is being made. After a failure
 * the next one is in an hour. One that is postponed is made up for in a minute, and nobody is told; but for an hour at
 * most, as what it waits for may have hung.
 */
export function createSchedule({ clock, isDue, make, tell }: ScheduleOptions): Schedule {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let attempt: Promise<void> | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;
  let postponedSince: number | undefined;
  let failure: Failure | undefined;

  function look(): void {
    // Also while a retry takes its time: what is not renewed counts as over.
    if (failure !== undefined) void tell(failure, clock.now() + TOLD_FOR);
    if (attempt !== undefined || clock.elapsed() < notBefore) return;
    attempt = tryOnce().finally(() => {
      attempt = undefined;
    });
  }

  async function tryOnce(): Promise<void> {
    const outcome = await makeIfDue();
    if (stopping.signal.aborted) return;
    postponedSince = outcome.kind === "postponed" ? (postponedSince ?? clock.elapsed()) : undefined;
    if (outcome.kind === "made") return succeeded();
    if (postponedSince !== undefined && clock.elapsed() - postponedSince < RETRY) return;
    notBefore = clock.elapsed() + RETRY;
    failure = { why: outcome.why, since: failure?.since ?? clock.now() };
    await tell(failure, clock.now() + TOLD_FOR);
  }

  async function makeIfDue(): Promise<Outcome> {
    try {
      return isDue() ? await make(stopping.signal) : { kind: "made" };
    } catch (error) {
      return { kind: "failed", why: (error as Error).message };
    }
  }

  async function succeeded(): Promise<void> {
    const over = failure;
    failure = undefined;
    if (over !== undefined) await tell(over, clock.now());
  }

  return {
    start() {
      look();
      timer = setInterval(look, EVERY);
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await attempt;
    },
  };
}
