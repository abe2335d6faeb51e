import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../service/clock.ts";
import { openDatabase, transaction } from "../../service/database.ts";
import { type Calendar, createCalendar } from "./calendar.ts";
import type { Event } from "./event.ts";
import { addToTotals } from "./series.ts";

/** How long an id is remembered, in milliseconds. */
const ID_MEMORY = 24 * 3600_000;
/** Today, yesterday, and the two days before that an event's `at` may still name. */
const DAYS_KEPT = 4;

/** What became of one batch. */
export interface Recorded {
  accepted: number;
  duplicates: number;
}

/** The event totals, on disk. Everything it tells was committed. */
export interface EventStore {
  /** Counts each batch whole, all in one transaction. @throws when the disk refuses; then nothing was counted. */
  record(batches: readonly Event[][]): Recorded[];
  /** A series' total, 0 before its first event. */
  total(series: string): number;
  messagesOn(day: "today" | "yesterday"): number;
  close(): void;
}

export function openEventStore(dataDir: string, timezone: string, clock: Clock): EventStore {
  const database = openDatabase(join(dataDir, "events.db"), join(import.meta.dirname, "migrations"));
  const calendar = createCalendar(timezone);
  let committed = readCounts(database);

  return {
    record(batches) {
      const now = clock.now();
      const next: Counts = { totals: new Map(committed.totals), days: new Map(committed.days) };
      const recorded = transaction(database, () => {
        forgetOld(database, next, calendar, now);
        const outcome = batches.map((batch) => countBatch(database, next, batch, calendar, now));
        writeCounts(database, committed, next);
        return outcome;
      });
      committed = next;
      return recorded;
    },
    total: (series) => committed.totals.get(series) ?? 0,
    messagesOn: (day) => committed.days.get(calendar[day](clock.now())) ?? 0,
    close() {
      if (database.isOpen) database.close();
    },
  };
}

interface Counts {
  totals: Map<string, number>;
  days: Map<string, number>;
}

function readCounts(database: DatabaseSync): Counts {
  const totals = database.prepare("SELECT series, value FROM totals").all();
  const days = database.prepare("SELECT day, messages FROM daily_messages").all();
  return {
    totals: new Map(totals.map((row) => [String(row.series), Number(row.value)])),
    days: new Map(days.map((row) => [String(row.day), Number(row.messages)])),
  };
}

function countBatch(
  database: DatabaseSync,
  counts: Counts,
  batch: Event[],
  calendar: Calendar,
  now: number,
): Recorded {
  const remember = database.prepare("INSERT OR IGNORE INTO event_ids (id, seen_at) VALUES (?, ?)");
  let accepted = 0;
  for (const event of batch) {
    if (event.id !== undefined && remember.run(event.id, now).changes === 0) continue;
    accepted += 1;
    addToTotals(counts.totals, event);
    if (event.type === "message") {
      const day = calendar.today(event.at ?? now);
      counts.days.set(day, (counts.days.get(day) ?? 0) + 1);
    }
  }
  return { accepted, duplicates: batch.length - accepted };
}

function writeCounts(database: DatabaseSync, before: Counts, after: Counts): void {
  const total = database.prepare("INSERT OR REPLACE INTO totals (series, value) VALUES (?, ?)");
  const day = database.prepare("INSERT OR REPLACE INTO daily_messages (day, messages) VALUES (?, ?)");
  for (const [series, value] of after.totals)
    if (before.totals.get(series) !== value) total.run(series, value);
  for (const [name, count] of after.days) if (before.days.get(name) !== count) day.run(name, count);
}

function forgetOld(database: DatabaseSync, counts: Counts, calendar: Calendar, now: number): void {
  database.prepare("DELETE FROM event_ids WHERE seen_at < ?").run(now - ID_MEMORY);
  const oldest = calendar.today(now - DAYS_KEPT * 24 * 3600_000);
  const old = [...counts.days.keys()].filter((day) => day < oldest);
  if (old.length === 0) return;
  database.prepare("DELETE FROM daily_messages WHERE day < ?").run(oldest);
  for (const day of old) counts.days.delete(day);
}
