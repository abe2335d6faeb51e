import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { createEventJournal, StorageError } from "../../exporter/events/journal.ts";
import type { StoreReply, StoreRequest } from "../../exporter/events/protocol.ts";
import { createStoreThread, type StoreThread } from "../../exporter/events/thread.ts";
import { fakeClock } from "./support/clock.ts";
import { temporaryFolder } from "./support/folder.ts";

const CASE = { type: "case" };
const JSON_TYPE = "application/json";

/** A journal with a real thread, whose requests are kept. */
function open(t: TestContext) {
  const folder = temporaryFolder(t);
  const thread = createStoreThread({ dataDir: folder, timezone: "Asia/Shanghai" });
  const requests: StoreRequest[] = [];
  const journal = createEventJournal({
    thread: {
      ...thread,
      ask(request) {
        requests.push(request);
        return thread.ask(request);
      },
    },
    clock: fakeClock(),
  });
  t.after(() => journal.close());
  const cases = () => journal.counts?.totals.get("cases_total") ?? 0;
  return { journal, record: recording(journal.record), requests, cases, database: join(folder, "events.db") };
}

function recording(record: (body: Uint8Array, contentType: string) => Promise<unknown>) {
  return (events: unknown) => record(Buffer.from(JSON.stringify(events)), JSON_TYPE);
}

test("requests that wait together share one transaction, and each gets its own answer", async (t) => {
  const { record, requests, cases } = open(t);
  const twice = { ...CASE, id: "a" };
  const answers = await Promise.all([record([CASE, CASE]), record([twice, twice]), record([])]);
  assert.deepEqual(answers, [
    { accepted: 2, duplicates: 0 },
    { accepted: 1, duplicates: 1 },
    { accepted: 0, duplicates: 0 },
  ]);
  assert.equal(cases(), 3);

  await record(CASE);
  assert.deepEqual(
    requests.map(({ bodies }) => bodies.length),
    [3, 1],
  );
});

test("so do those that come one after the other, while each turn of the loop brings one", async (t) => {
  const { record, requests } = open(t);
  const answers = [record(CASE)];
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      answers.push(record(CASE));
      resolve();
    });
  });
  await Promise.all(answers);
  assert.deepEqual(
    requests.map(({ bodies }) => bodies.length),
    [2],
  );
});

test("one that is refused does not take along those it waited with", async (t) => {
  const { record, requests, cases } = open(t);
  const [good, bad, other] = await Promise.allSettled([record(CASE), record({ type: "?" }), record(CASE)]);
  assert.equal(good.status, "fulfilled");
  assert.equal(other.status, "fulfilled");
  assert.equal(bad.status, "rejected");
  assert.match(String(bad.reason), /InvalidEventsError: invalid events, none was counted/);
  assert.equal(cases(), 2);
  assert.equal(requests.length, 1);
});

test("bodies of many megabytes do not all share a transaction", async (t) => {
  const { journal, requests, cases } = open(t);
  const large = Buffer.from(JSON.stringify(CASE).padEnd(8 * 1024 * 1024));
  await Promise.all([1, 2, 3, 4, 5].map(() => journal.record(large, JSON_TYPE)));
  assert.equal(cases(), 5);
  assert.deepEqual(
    requests.map(({ bodies }) => bodies.length),
    [2, 2, 1],
  );
});

test("while the disk refuses, everybody is told so and nothing counts; then it goes on", async (t) => {
  const { journal, record, cases, database } = open(t);
  await journal.check();
  const other = new DatabaseSync(database);
  t.after(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const outcomes = await Promise.allSettled([record(CASE), record(CASE)]);
  for (const outcome of outcomes) {
    assert.equal(outcome.status, "rejected");
    assert.ok(outcome.reason instanceof StorageError);
    assert.match(outcome.reason.message, /send them again later: database is locked$/);
  }
  assert.equal(cases(), 0);

  other.exec("ROLLBACK");
  assert.deepEqual(await record(CASE), { accepted: 1, duplicates: 0 });
  assert.equal(cases(), 1);
});

/** Lets the journal send what waits. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

/** A thread that answers when the test says so. */
function slowThread(): StoreThread & { answer(): void } {
  const asked: { bodies: number; settle: PromiseWithResolvers<StoreReply> }[] = [];
  return {
    ask({ bodies }) {
      const settle = Promise.withResolvers<StoreReply>();
      asked.push({ bodies: bodies.length, settle });
      return settle.promise;
    },
    stop: async () => {},
    answer() {
      const { bodies = 0, settle } = asked.shift() ?? {};
      const outcomes = Array.from({ length: bodies }, () => ({ accepted: 1, duplicates: 0 }));
      const changed = { totals: new Map([["cases_total", 1]]), days: new Map() };
      settle?.resolve({ state: "stored", outcomes, changed });
    },
  };
}

test("a disk that does not answer: refused at the deadline, those after it at once, until it is back", async () => {
  const thread = slowThread();
  const journal = createEventJournal({ thread, clock: fakeClock(), deadline: 50 });
  const record = recording(journal.record);
  const overdue = /the disk has not answered for 0.05 s/;
  const first = record(CASE);
  await turns();
  const second = record(CASE);
  await assert.rejects(first, overdue);
  await assert.rejects(second, overdue);
  const begun = performance.now();
  await assert.rejects(record(CASE), overdue);
  assert.ok(performance.now() - begun < 40);

  thread.answer();
  await turns();
  // What was under way has been counted after all.
  assert.equal(journal.counts?.totals.get("cases_total"), 1);
  const next = record(CASE);
  await turns();
  thread.answer();
  assert.deepEqual(await next, { accepted: 1, duplicates: 0 });
});

test("while the disk is slow only so much may wait, and more once a part is under way", async () => {
  const thread = slowThread();
  const journal = createEventJournal({ thread, clock: fakeClock() });
  const record = () => journal.record(Buffer.alloc(8 * 1024 * 1024), JSON_TYPE);
  const taken = Array.from({ length: 7 }, record);
  await assert.rejects(record(), /too many wait for the disk already/);
  await turns();
  taken.push(record());
  for (let transaction = 0; transaction < 4; transaction += 1) {
    await turns();
    thread.answer();
  }
  assert.equal((await Promise.all(taken)).length, 8);
});

test("closing finishes what is under way, refuses what waits, and asks for nothing after that", async (t) => {
  const { journal, record, requests, cases } = open(t);
  const underWay = record(CASE);
  await turns();
  const waits = record(CASE);
  const closing = journal.close();
  await assert.rejects(waits, /the exporter is stopping/);
  await assert.rejects(record(CASE), /the exporter is stopping/);
  assert.deepEqual(await underWay, { accepted: 1, duplicates: 0 });
  await closing;
  await turns();
  assert.equal(cases(), 1);
  assert.equal(requests.length, 1);
});

test("a thread that dies fails what it was asked, and is replaced for the next", async (t) => {
  const ways = {
    "throw new Error('no memory')": /send them again later: no memory/,
    "process.exit(1)": /send them again later: the thread that stores has ended/,
  };
  for (const [code, reason] of Object.entries(ways)) {
    const dying = new URL(
      `data:text/javascript,import { parentPort } from "node:worker_threads"; parentPort.on("message", () => { ${code} })`,
    );
    const thread = createStoreThread({ dataDir: temporaryFolder(t), timezone: "Asia/Shanghai" }, dying);
    t.after(() => thread.stop());
    const journal = createEventJournal({ thread, clock: fakeClock() });
    await assert.rejects(journal.check(), reason);
    await assert.rejects(journal.check(), reason);
  }
});
