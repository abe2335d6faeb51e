import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two questions. */
const INTERVAL = 50;

/**
 * Asks until the answer is there.
 * @param question throws, or answers undefined or false, until it is true
 * @param seconds after which it counts as never
 */
export async function eventually<T>(
  what: string,
  question: () => T | Promise<T>,
  seconds = 60,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const answer = await question();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await sleep(INTERVAL);
  }
  throw new Error(`${what}: not within ${seconds} s`, { cause: last });
}
