import type { SteadyClock } from "../../../service/clock.ts";

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends SteadyClock {
  /** @param seconds negative goes back */
  advance(seconds: number): void;
  /** Somebody sets it: no time passes. */
  step(seconds: number): void;
  set(time: string): void;
}

/** @param time RFC 3339 */
export function fakeClock(time = "2026-02-12T13:46:44.000Z"): FakeClock {
  let now = Date.parse(time);
  let elapsed = 0;
  return {
    now: () => now,
    elapsed: () => elapsed,
    advance(seconds) {
      now += seconds * 1000;
      elapsed += seconds * 1000;
    },
    step(seconds) {
      now += seconds * 1000;
    },
    set(later) {
      elapsed += Date.parse(later) - now;
      now = Date.parse(later);
    },
  };
}
