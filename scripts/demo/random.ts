/** From 0 to 1, as Math.random. */
export type Random = () => number;

/** The same numbers for the same seed (mulberry32, 32 bits of state: plenty for a few thousand draws). */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Times of work are spread like this: many short ones, few very long ones. @param spread of the logarithm */
export function logNormal(random: Random, median: number, spread: number): number {
  const angle = 2 * Math.PI * random();
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(angle);
  return median * Math.exp(spread * normal);
}

/** One of the values, each as often as its weight, a whole number, says. */
export function choose<T>(random: Random, weighted: readonly (readonly [value: T, weight: number])[]): T {
  const tickets = weighted.flatMap(([value, weight]) => Array<T>(weight).fill(value));
  return tickets[Math.floor(random() * tickets.length)] as T;
}
