import type { Clock } from "../../../service/clock.ts";

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** @param seconds negative goes back */
  advance(seconds: number): void;
  set(time: string): void;
}

/** @param time RFC 3339 */
export function fakeClock(time = "2026-02-12T13:46:44.000Z"): FakeClock {
  let now = Date.parse(time);
  return {
    now: () => now,
    advance(seconds) {
      now += seconds * 1000;
    },
    set(later) {
      now = Date.parse(later);
    },
  };
}
