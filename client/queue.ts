import type { WireEvent } from "./wire.ts";

/** Events on their way, oldest first. */
export interface EventQueue {
  readonly length: number;
  /** How many were ever added, and how many of those have left: what was added before has left once they are equal. */
  readonly added: number;
  readonly left: number;
  /** @returns false where there is no room */
  add(event: WireEvent): boolean;
  /** The oldest, which stay. */
  head(count: number): WireEvent[];
  /** Takes out the oldest. */
  remove(count: number): void;
  /** Takes out some, by their place. */
  removeAt(places: ReadonlySet<number>): void;
}

/**
 * Where it is full the newest is turned away, not the oldest dropped: the oldest may be counted already, with only
 * the answer lost, and what is missing is then one span of time, which can be reported later by `at`.
 * @param capacity read each time
 */
export function createQueue(capacity: () => number): EventQueue {
  let events: WireEvent[] = [];
  let added = 0;
  return {
    get length() {
      return events.length;
    },
    get added() {
      return added;
    },
    get left() {
      return added - events.length;
    },
    add(event) {
      if (events.length >= capacity()) return false;
      events.push(event);
      added++;
      return true;
    },
    head: (count) => events.slice(0, count),
    remove(count) {
      events.splice(0, count);
    },
    removeAt(places) {
      events = events.filter((_, place) => !places.has(place));
    },
  };
}
