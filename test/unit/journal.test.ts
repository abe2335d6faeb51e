import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { Event } from "../../exporter/events/event.ts";
import { createEventJournal, StorageError } from "../../exporter/events/journal.ts";
import { type EventStore, openEventStore } from "../../exporter/events/store.ts";
import { fakeClock } from "./support/clock.ts";
import { temporaryFolder } from "./support/folder.ts";

const CASE: Event = { type: "case" };

/** A real store that counts its transactions. */
function openCounted(t: TestContext) {
  const folder = temporaryFolder(t);
  const store = openEventStore(folder, "Asia/Shanghai", fakeClock());
  t.after(() => store.close());
  const transactions: number[] = [];
  const counted: EventStore = {
    ...store,
    record(batches) {
      transactions.push(batches.length);
      return store.record(batches);
    },
  };
  return { store, journal: createEventJournal(counted), transactions, database: join(folder, "events.db") };
}

test("requests that wait together share one transaction, and each gets its own answer", async (t) => {
  const { store, journal, transactions } = openCounted(t);
  const twice = { ...CASE, id: "a" };
  const answers = await Promise.all([
    journal.record([CASE, CASE]),
    journal.record([twice, twice]),
    journal.record([]),
  ]);
  assert.deepEqual(answers, [
    { accepted: 2, duplicates: 0 },
    { accepted: 1, duplicates: 1 },
    { accepted: 0, duplicates: 0 },
  ]);
  assert.equal(store.total("cases_total"), 3);

  await journal.record([CASE]);
  assert.deepEqual(transactions, [3, 1]);
});

test("while the disk refuses, everybody is told so and nothing counts; then it goes on", async (t) => {
  const { store, journal, database } = openCounted(t);
  const other = new DatabaseSync(database);
  t.after(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const outcomes = await Promise.allSettled([journal.record([CASE]), journal.record([CASE])]);
  for (const outcome of outcomes) {
    assert.equal(outcome.status, "rejected");
    assert.ok(outcome.reason instanceof StorageError);
    assert.match(String(outcome.reason.cause), /database is locked/);
  }
  assert.equal(store.total("cases_total"), 0);

  other.exec("ROLLBACK");
  assert.deepEqual(await journal.record([CASE]), { accepted: 1, duplicates: 0 });
  assert.equal(store.total("cases_total"), 1);
});
