import type { DatabaseSync } from "node:sqlite";

/** How long an id is remembered, in milliseconds. */
const MEMORY = 24 * 3600_000;

/** The ids of the last 24 h, on disk. */
export interface EventIds {
  /** @returns whether the id is new; it is known from now on */
  remember(id: string, now: number): boolean;
  /**
   * Looks at the next ids, in their own order and round and round, and drops the old ones: at two for each that was
   * added, which keeps the table at the ids of about a day without ever dropping many at once.
   * @param atLeast looks at so many, and writes even if none is dropped
   */
  sweep(now: number, atLeast: number): void;
}

/** Times are in milliseconds since the epoch. One from a clock that was ahead by more than a day counts as old too. */
export function openEventIds(database: DatabaseSync): EventIds {
  const remember = database.prepare(
    `INSERT INTO event_ids (id, seen_at) VALUES (?, ?)
     ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at WHERE event_ids.seen_at NOT BETWEEN ? AND ?`,
  );
  const position = database.prepare("SELECT position FROM sweep");
  const end = database.prepare("SELECT id FROM event_ids WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?");
  const drop = database.prepare(
    "DELETE FROM event_ids WHERE id > ? AND id <= ? AND seen_at NOT BETWEEN ? AND ?",
  );
  const dropRest = database.prepare("DELETE FROM event_ids WHERE id > ? AND seen_at NOT BETWEEN ? AND ?");
  const move = database.prepare("UPDATE sweep SET position = ?, at = ?");

  let added = 0;

  return {
    remember(id, now) {
      const isNew = remember.run(id, now, now - MEMORY, now + MEMORY).changes > 0;
      if (isNew) added += 1;
      return isNew;
    },
    sweep(now, atLeast) {
      const count = Math.max(2 * added, atLeast);
      if (count === 0) return;
      added = 0;
      const from = String(position.get()?.position);
      const to = end.get(from, count - 1)?.id;
      if (to === undefined) dropRest.run(from, now - MEMORY, now + MEMORY);
      else drop.run(from, to, now - MEMORY, now + MEMORY);
      move.run(to ?? "", now);
    },
  };
}
