import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCalendar } from "../../exporter/events/calendar.ts";
import { parseEvents } from "../../exporter/events/event.ts";
import type { Plan } from "../../scripts/demo/plan.ts";
import { count } from "../../scripts/demo/totals.ts";
import { NOON, planned, THRESHOLDS } from "./support/demo.ts";

const MINUTE = 60_000;
const minutes = fc.integer({ min: 13, max: 120 });
const seed = fc.integer();

test("the same seed is the same day, another is another", () => {
  assert.deepEqual(planned().plan, planned().plan);
  assert.notDeepEqual(planned().plan.batches, planned({ seed: 2 }).plan.batches);
});

test("a day on a new stack: what it is made of", () => {
  const { plan, timetable } = planned();
  const { totals } = plan;
  assert.equal(totals.messages, 690);
  // 2 % of what is ordinary, 40 % of the incident.
  assert.equal(totals.errors, 35);
  assert.ok(totals.consultations > 120 && totals.consultations < 230, JSON.stringify(totals));
  assert.ok(totals.cases > 10 && totals.cases < 60, JSON.stringify(totals));
  assert.ok(totals.scores > 50 && totals.scores < 130, JSON.stringify(totals));
  assert.ok(plan.surges);
  const scores = events(plan).flatMap((event) => (event.type === "satisfaction" ? event.score : []));
  assert.ok(scores.reduce((sum, score) => sum + score, 0) / scores.length > 3.8);
  assert.ok(median(durations(plan, 0, timetable.errors)) < 1);
  assert.ok(median(durations(plan, timetable.errors + 10, timetable.surge)) > 4);
});

test("any day: the exporter takes every batch, each event counts once, and there are not too many", () => {
  const moment = fc.integer({ min: Date.parse("2026-01-01"), max: Date.parse("2028-01-01") });
  const timezone = fc.constantFrom("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC");
  fc.assert(
    fc.property(minutes, seed, moment, timezone, (length, number, now, zone) => {
      const { plan } = planned({ minutes: length, seed: number, now, timezone: zone });
      assert.ok(plan.batches.length <= 185, `${plan.batches.length} requests`);
      const ids = new Set<string>();
      let last = -1;
      for (const { after, events } of plan.batches) {
        assert.ok(after >= last && after <= length * 60 + 1e-6, `${last} ${after}`);
        last = after;
        const body = JSON.stringify(events);
        assert.ok(body.length < 1_000_000);
        // Refused would throw; the future is refused by 5 minutes only, and by nobody here.
        const parsed = parseEvents(Buffer.from(body), "application/json", now + after * 1000);
        for (const { at = Number.NaN } of parsed) assert.ok(at <= now + after * 1000 + 1, `${at}`);
        for (const { id } of events) ids.add(id);
      }
      const all = events(plan);
      assert.equal(ids.size, all.length);
      assert.deepEqual(plan.totals, count(all));
    }),
    { numRuns: 60 },
  );
});

test("any day, any figures before: today gets a surge, and yesterday's afternoon ends it", () => {
  const before = fc.record({ today: fc.nat(3000), yesterday: fc.nat(3000) });
  const thresholds = fc.record({
    errorRate: fc.double({ min: 0.01, max: 1, noNaN: true }),
    messageGrowth: fc.double({ min: 1, max: 30, noNaN: true }),
    messageGrowthFloor: fc.integer({ min: 1, max: 500 }),
  });
  const seen = { surges: 0, none: 0 };
  fc.assert(
    fc.property(minutes, seed, before, thresholds, (length, number, counted, limits) => {
      const { plan, timetable } = planned({
        minutes: length,
        seed: number,
        before: counted,
        thresholds: limits,
      });
      assert.ok(plan.totals.messages < 7000);
      seen[plan.surges ? "surges" : "none"] += 1;
      if (!plan.surges) return;
      const tick = timetable.end / 180;
      const isSurge = (after: number) => growth(plan, counted, limits, after) >= limits.messageGrowth;
      assert.ok(isSurge(timetable.surged + tick), "no surge");
      assert.ok(isSurge(timetable.late - tick), "the surge has ended before it was told");
      assert.ok(!isSurge(timetable.late + tick), "yesterday does not end it");
      assert.ok(!isSurge(timetable.end), "it comes again");
    }),
    { numRuns: 100 },
  );
  assert.ok(seen.surges > 20 && seen.none > 5, JSON.stringify(seen));
});

test("any day: the rate of errors is high in the incident and at no other time", () => {
  fc.assert(
    fc.property(minutes, seed, (length, number) => {
      const { plan, timetable } = planned({ minutes: length, seed: number });
      for (let after = 15; after <= timetable.end; after += 15) {
        const { messages, errors } = count(
          plan.batches
            .filter((batch) => batch.after > after - 300 && batch.after <= after)
            .flatMap(({ events }) => events),
        );
        const isHigh = messages >= 10 && errors / messages > THRESHOLDS.errorRate;
        if (after < timetable.errors || after > timetable.surged + timetable.end / 180)
          assert.ok(!isHigh, `at ${after}`);
        if (after > timetable.errors + 45 && after < timetable.surge) assert.ok(isHigh, `not at ${after}`);
      }
    }),
    { numRuns: 60 },
  );
});

test("more than a demo may leave behind: no surge, and it says so", () => {
  const { plan } = planned({ before: { today: 2000, yesterday: 9000 } });
  assert.equal(plan.surges, false);
  assert.equal(plan.totals.messages, 690);
});

test("yesterday has the rhythm of a desk: mornings and afternoons, few at lunch and in the evening", () => {
  const hours = events(planned().plan)
    .map(({ at }) => Date.parse(at))
    .filter((at) => at < NOON - 12 * 60 * MINUTE)
    .map((at) => new Date(at + 8 * 60 * MINUTE).getUTCHours());
  const by = Object.groupBy(hours, (hour) => hour);
  const many = (hour: number) => by[hour]?.length ?? 0;
  assert.ok(Math.min(...hours) >= 8 && Math.max(...hours) < 21);
  assert.ok(many(12) < many(10) && many(13) < many(14) && many(20) < many(15), JSON.stringify(hours));
});

function events(plan: Plan) {
  return plan.batches.flatMap((batch) => batch.events);
}

function durations(plan: Plan, from: number, to: number): number[] {
  return plan.batches
    .filter(({ after }) => after >= from && after < to)
    .flatMap(({ events }) =>
      events.flatMap((event) => (event.type === "message" ? (event.duration_seconds ?? 0) : [])),
    );
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** What MessageVolumeSurge compares, as the exporter counts days. */
function growth(
  plan: Plan,
  before: { today: number; yesterday: number },
  { messageGrowthFloor }: typeof THRESHOLDS,
  after: number,
): number {
  const calendar = createCalendar("Asia/Shanghai");
  const days = plan.batches
    .filter((batch) => batch.after <= after)
    .flatMap((batch) =>
      batch.events.flatMap(({ type, at }) => (type === "message" ? calendar.today(Date.parse(at)) : [])),
    );
  const sent = (day: string) => days.filter((one) => one === day).length;
  const today = before.today + sent(calendar.today(NOON));
  return today / Math.max(before.yesterday + sent(calendar.yesterday(NOON)), messageGrowthFloor);
}
