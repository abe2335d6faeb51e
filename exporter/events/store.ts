import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase, transaction } from "../../service/database.ts";
import { createCalendar } from "./calendar.ts";
import type { Counts, Recorded } from "./counts.ts";
import type { Event } from "./event.ts";
import { openEventIds } from "./ids.ts";
import { add, addToTotals } from "./series.ts";

/** Today, yesterday, and the two days before that an event's `at` may still name. */
const DAYS_KEPT = 4;
/** Ids looked at, whether they are old, when there is nothing else to do. */
const IDLE_SWEEP = 50_000;

/** The event totals, on disk. */
export interface EventStore {
  /**
   * Counts each batch whole, all in one transaction that is on disk when this returns. Where there is nothing to count
   * it tidies up, and writes all the same: a disk that takes nothing is noticed.
   * @param now milliseconds since the epoch
   * @returns what became of each batch, and the counts that changed, as they are now
   * @throws when the disk refuses; then nothing was counted
   */
  record(batches: readonly Event[][], now: number): { recorded: Recorded[]; changed: Counts };
  readAll(): Counts;
  close(): void;
}

/** @param timezone decides which day a message belongs to */
export function openEventStore(dataDir: string, timezone: string): EventStore {
  const database = openDatabase(join(dataDir, "events.db"), join(import.meta.dirname, "migrations"));
  const { today } = createCalendar(timezone);
  const ids = openEventIds(database);
  const addTotals = prepareAdding(database, "totals", "series", "value");
  const addDays = prepareAdding(database, "daily_messages", "day", "messages");
  const forgetDays = database.prepare("DELETE FROM daily_messages WHERE day < ?");

  function countBatch(batch: Event[], now: number, added: Counts): Recorded {
    let accepted = 0;
    for (const event of batch) {
      if (event.id !== undefined && !ids.remember(event.id, now)) continue;
      accepted += 1;
      addToTotals(added.totals, event);
      if (event.type === "message") add(added.days, today(event.at ?? now), 1);
    }
    return { accepted, duplicates: batch.length - accepted };
  }

  return {
    record(batches, now) {
      return transaction(database, () => {
        const added: Counts = { totals: new Map(), days: new Map() };
        const recorded = batches.map((batch) => countBatch(batch, now, added));
        const idle = added.totals.size === 0;
        ids.sweep(now, idle ? IDLE_SWEEP : 0);
        if (idle) forgetDays.run(today(now - DAYS_KEPT * 24 * 3600_000));
        return { recorded, changed: { totals: addTotals(added.totals), days: addDays(added.days) } };
      });
    },
    readAll: () => ({
      totals: readPairs(database, "SELECT series AS key, value FROM totals"),
      days: readPairs(database, "SELECT day AS key, messages AS value FROM daily_messages"),
    }),
    close: () => database.close(),
  };
}

/** Adds to what the database holds, rather than writing what we believe: it stays right whoever else wrote. */
function prepareAdding(database: DatabaseSync, table: string, key: string, value: string) {
  const statement = database.prepare(
    `INSERT INTO ${table} (${key}, ${value}) VALUES (?, ?)
     ON CONFLICT (${key}) DO UPDATE SET ${value} = ${value} + excluded.${value} RETURNING ${value} AS value`,
  );
  return (added: Map<string, number>): Map<string, number> =>
    new Map([...added].map(([name, amount]) => [name, Number(statement.get(name, amount)?.value)]));
}

function readPairs(database: DatabaseSync, query: string): Map<string, number> {
  const rows = database.prepare(query).all();
  return new Map(rows.map((row) => [String(row.key), Number(row.value)]));
}
