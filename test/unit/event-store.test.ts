import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import { createCalendar } from "../../exporter/events/calendar.ts";
import type { Recorded } from "../../exporter/events/counts.ts";
import type { Event } from "../../exporter/events/event.ts";
import { openEventStore } from "../../exporter/events/store.ts";
import { DatabaseTooNewError } from "../../service/database.ts";
import { type FakeClock, fakeClock } from "./support/clock.ts";
import { temporaryFolder } from "./support/folder.ts";

const OK: Event = { type: "message", outcome: "ok" };
const withId = (id: string): Event => ({ ...OK, id });

interface Opened {
  /** Records batches at the clock's time. */
  record(batches: Event[][]): Recorded[];
  total(series: string): number;
  messagesOn(day: "today" | "yesterday"): number;
  close(): void;
  folder: string;
  clock: FakeClock;
}

function open(t: TestContext, { timezone = "Asia/Shanghai", clock = fakeClock(), folder = "" } = {}): Opened {
  const place = folder || temporaryFolder(t);
  const calendar = createCalendar(timezone);
  const store = openEventStore(place, timezone);
  let open = true;
  const close = () => {
    if (open) store.close();
    open = false;
  };
  t.after(close);
  return {
    record: (batches) => store.record(batches, clock.now()).recorded,
    total: (series) => store.readAll().totals.get(series) ?? 0,
    messagesOn: (day) => store.readAll().days.get(calendar[day](clock.now())) ?? 0,
    close,
    folder: place,
    clock,
  };
}

test("totals, days and ids survive a restart", (t) => {
  const first = open(t);
  first.record([[withId("a"), { type: "message", outcome: "error", duration_seconds: 3 }]]);
  first.record([[{ type: "satisfaction", score: 4.5 }, { type: "case" }, { type: "consultation" }]]);
  first.close();

  const store = open(t, first);
  const series = [
    "wecom_messages_total",
    "wecom_messages_errors_total",
    "cases_total",
    "consultations_total",
  ];
  assert.deepEqual(series.map(store.total), [2, 1, 1, 1]);
  assert.equal(store.total('wecom_message_processing_seconds_bucket{le="3"}'), 1);
  assert.equal(store.total("satisfaction_score_sum"), 4.5);
  assert.equal(store.messagesOn("today"), 2);
  assert.deepEqual(store.record([[withId("a")]]), [{ accepted: 0, duplicates: 1 }]);
});

test("an id counts once within 24 h, and again after", (t) => {
  const store = open(t);
  const { clock } = store;
  assert.deepEqual(store.record([[withId("a"), withId("a"), withId("b")]]), [{ accepted: 2, duplicates: 1 }]);
  clock.advance(24 * 3600);
  assert.deepEqual(store.record([[withId("a")]]), [{ accepted: 0, duplicates: 1 }]);
  clock.advance(1);
  assert.deepEqual(store.record([[withId("a")]]), [{ accepted: 1, duplicates: 0 }]);
  assert.equal(store.total("wecom_messages_total"), 3);
});

test("ids older than a day are dropped, a few with each event and the rest when there is none", (t) => {
  const store = open(t);
  const { folder, clock } = store;
  const database = new DatabaseSync(join(folder, "events.db"));
  t.after(() => database.close());
  const count = () => Number(database.prepare("SELECT count(*) AS ids FROM event_ids").get()?.ids);
  const day = (name: string) => Array.from({ length: 100 }, (_, index) => withId(`${name} ${index}`));
  store.record([day("a")]);
  clock.advance(24 * 3600 + 1);
  store.record([day("b").slice(0, 10)]);
  assert.ok(count() < 100, `${count()} ids`);
  assert.ok(count() > 50, `${count()} ids`);
  store.record([[]]);
  store.record([[]]);
  assert.equal(count(), 10);
});

test("the sweep goes on where it stopped, however many new ids come before the old ones", (t) => {
  const store = open(t);
  const { folder, clock } = store;
  const database = new DatabaseSync(join(folder, "events.db"));
  t.after(() => database.close());
  store.record([Array.from({ length: 50 }, (_, index) => withId(`old ${index}`))]);
  clock.advance(24 * 3600 + 1);
  for (let batch = 0; batch < 6; batch += 1) {
    store.record([Array.from({ length: 10 }, (_, index) => withId(`new ${batch} ${index}`))]);
  }
  const left = database.prepare("SELECT count(*) AS ids FROM event_ids WHERE id LIKE 'old%'").get();
  assert.equal(left?.ids, 0);
});

test("an id of a clock that was a year ahead is not kept for a year", (t) => {
  const store = open(t);
  const { clock } = store;
  clock.advance(365 * 24 * 3600);
  store.record([[withId("a")]]);
  clock.advance(-365 * 24 * 3600);
  assert.deepEqual(store.record([[withId("a")]]), [{ accepted: 1, duplicates: 0 }]);
  assert.deepEqual(store.record([[withId("a")]]), [{ accepted: 0, duplicates: 1 }]);
});

test("a transaction that fails counts nothing, and its ids can be sent again", (t) => {
  const store = open(t);
  const { folder } = store;
  store.record([[OK]]);
  const other = new DatabaseSync(join(folder, "events.db"));
  t.after(() => other.close());
  other.exec("ALTER TABLE totals RENAME TO gone");
  assert.throws(() => store.record([[withId("a")], [{ type: "case" }]]), /no such table: totals/);

  other.exec("ALTER TABLE gone RENAME TO totals");
  assert.equal(store.total("wecom_messages_total"), 1);
  assert.equal(store.messagesOn("today"), 1);
  assert.deepEqual(store.record([[withId("a")]]), [{ accepted: 1, duplicates: 0 }]);
  assert.equal(store.total("wecom_messages_total"), 2);
  assert.equal(store.total("cases_total"), 0);
});

test("a database of a newer version is left alone", (t) => {
  const store = open(t);
  const { folder } = store;
  store.close();
  const database = new DatabaseSync(join(folder, "events.db"));
  database.exec("PRAGMA user_version = 99");
  database.close();
  assert.throws(() => open(t, { folder }), DatabaseTooNewError);
});

suite("messages of a day", () => {
  test("begin anew at midnight in Shanghai, and the old ones become yesterday's", (t) => {
    const store = open(t, { clock: fakeClock("2026-02-12T23:59:59+08:00") });
    const { clock } = store;
    store.record([[OK, OK]]);
    assert.deepEqual([store.messagesOn("today"), store.messagesOn("yesterday")], [2, 0]);
    clock.advance(1);
    assert.deepEqual([store.messagesOn("today"), store.messagesOn("yesterday")], [0, 2]);
    store.record([[OK]]);
    assert.deepEqual([store.messagesOn("today"), store.messagesOn("yesterday")], [1, 2]);
    clock.advance(24 * 3600);
    assert.deepEqual([store.messagesOn("today"), store.messagesOn("yesterday")], [0, 1]);
  });

  test("are those that happened on it, however late they are told", (t) => {
    const store = open(t, { clock: fakeClock("2026-02-12T09:00:00+08:00") });
    const { clock } = store;
    const late = clock.now() - 10 * 3600_000;
    store.record([[OK, { ...OK, at: late }, { ...OK, at: late }]]);
    assert.deepEqual([store.messagesOn("today"), store.messagesOn("yesterday")], [1, 2]);
  });

  test("are forgotten once no event can name the day any more; the totals are not", (t) => {
    const store = open(t);
    const { folder, clock } = store;
    store.record([[OK]]);
    clock.advance(5 * 24 * 3600);
    store.record([[OK]]);
    store.record([[]]);
    const database = new DatabaseSync(join(folder, "events.db"));
    t.after(() => database.close());
    const days = database.prepare("SELECT day FROM daily_messages").all();
    assert.deepEqual(
      days.map(({ day }) => day),
      ["2026-02-17"],
    );
    assert.equal(store.total("wecom_messages_total"), 2);
  });
});

suite("yesterday is the date before, also where clocks change", () => {
  const nights: [string, string, string, string][] = [
    ["Asia/Shanghai", "2026-03-01T00:00:00+08:00", "2026-03-01", "2026-02-28"],
    // 23 h long: 24 h ago it was the day before yesterday.
    ["America/New_York", "2026-03-09T00:30:00-04:00", "2026-03-09", "2026-03-08"],
    // 25 h long: 24 h ago it was still today.
    ["America/New_York", "2026-11-01T23:30:00-05:00", "2026-11-01", "2026-10-31"],
  ];
  for (const [timezone, time, today, yesterday] of nights) {
    test(`${timezone} at ${time}`, () => {
      const calendar = createCalendar(timezone);
      const at = Date.parse(time);
      assert.deepEqual([calendar.today(at), calendar.yesterday(at)], [today, yesterday]);
    });
  }
});
