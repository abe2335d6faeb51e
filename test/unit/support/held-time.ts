import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { FakeClock } from "./clock.ts";
import { holdTimers } from "./held-timers.ts";

/** Seconds: shorter than any deadline, and than the wait after a failed attempt but for the first three. */
const STEP = 5;
/** Turns of the event loop in which an answer that has begun is read, and noted. */
const TURNS = 30;

/** Time that passes only when told: the clock, every timer, and every deadline of an attempt. */
export interface HeldTime {
  /** @param held how many requests are left without an answer on purpose */
  pass(seconds: number, held: () => number): Promise<void>;
  /** Sets the clock, and no time passes. */
  step(seconds: number): void;
}

/** @param apis setInterval too: what the relay looks at now and then */
export function holdTime(
  t: TestContext,
  clock: FakeClock,
  apis: ("setTimeout" | "setInterval")[] = ["setTimeout"],
): HeldTime {
  let requests = 0;
  const { fetch } = globalThis;
  const tick = holdTimers(t, apis);
  t.mock.method(globalThis, "fetch", (...args: Parameters<typeof fetch>) => {
    requests += 1;
    return fetch(...args).finally(() => {
      requests -= 1;
    });
  });
  t.mock.method(AbortSignal, "timeout", (milliseconds: number) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new DOMException("", "TimeoutError")), milliseconds);
    return controller.signal;
  });

  /** Until nothing more happens by itself. */
  async function settle(held: () => number): Promise<void> {
    for (let quiet = 0; quiet < TURNS; quiet += 1) {
      await turn();
      if (requests > held()) quiet = 0;
    }
  }

  return {
    step: (seconds) => clock.step(seconds),
    async pass(seconds, held) {
      await settle(held);
      for (let passed = 0; passed < seconds; passed += STEP) {
        clock.advance(STEP);
        tick(STEP * 1000);
        await settle(held);
      }
    },
  };
}
