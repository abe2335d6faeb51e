import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds after which it counts as never. */
const PATIENCE = 10_000;

/** Waits for something that happens in the background. @returns the first answer that is neither undefined nor false */
export async function until<T>(
  what: string,
  question: () => T | Promise<T>,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + PATIENCE;
  while (performance.now() < deadline) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    await sleep(5);
  }
  throw new Error(`${what}: not within ${PATIENCE} ms`);
}
