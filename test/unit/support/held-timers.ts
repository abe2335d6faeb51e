import type { TestContext } from "node:test";

interface HeldTimer {
  due: number;
  every: number | undefined;
  work: () => void;
  ref(): HeldTimer;
  unref(): HeldTimer;
}

/**
 * Timers that fire only when told. Not those of node:test: fetch keeps a timer of its own from one test to the next,
 * and clearing it there would clear another one instead.
 * @param names setInterval too: what the relay looks at now and then
 * @returns lets that many milliseconds pass
 */
export function holdTimers(t: TestContext, names: ("setTimeout" | "setInterval")[]): (ms: number) => void {
  let now = 0;
  const timers = new Set<HeldTimer>();
  for (const name of names) {
    t.mock.method(globalThis, name, (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const every = name === "setInterval" ? ms : undefined;
      const work = () => callback(...args);
      const timer: HeldTimer = { due: now + ms, every, work, ref: () => timer, unref: () => timer };
      timers.add(timer);
      return timer;
    });
  }
  for (const name of ["clearTimeout", "clearInterval"] as const) {
    const clear = globalThis[name];
    t.mock.method(globalThis, name, (timer: unknown) => {
      if (!timers.delete(timer as HeldTimer)) clear(timer as NodeJS.Timeout);
    });
  }
  return (ms) => {
    now += ms;
    for (const timer of timers) {
      if (timer.due > now) continue;
      if (timer.every === undefined) timers.delete(timer);
      else timer.due += timer.every;
      timer.work();
    }
  };
}
