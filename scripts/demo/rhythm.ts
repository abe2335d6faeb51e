import type { Random } from "./random.ts";

/** When the desk is open, in hours of the day. */
export const OPENS = 8;
export const CLOSES = 21;

/** How busy each hour is, from OPENS on: office hours, a dip at lunch, an evening that fades. */
const BUSY = [4, 9, 12, 10, 4, 7, 11, 11, 9, 6, 5, 4, 2];

/**
 * Hours of the day at which something happens, in order.
 * @param from within the opening hours, as is `to`
 */
export function spread(count: number, from: number, to: number, random: Random): number[] {
  const begin = busyUntil(from);
  const share = (busyUntil(to) - begin) / count;
  // One in each share: no run has an hour without anybody, or all of them at once.
  return Array.from({ length: count }, (_, index) => hourAt(begin + (index + random()) * share));
}

/** How much of the day's work is done at an hour. */
function busyUntil(hour: number): number {
  return BUSY.reduce(
    (sum, weight, index) => sum + weight * Math.min(1, Math.max(0, hour - OPENS - index)),
    0,
  );
}

/** The other way round. */
function hourAt(work: number): number {
  let rest = work;
  for (const [index, weight] of BUSY.entries()) {
    if (rest < weight) return OPENS + index + rest / weight;
    rest -= weight;
  }
  return CLOSES;
}
