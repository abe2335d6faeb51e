import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { sample, startExporter, type TestExporter } from "./support/exporter.ts";

const SERIES = [
  "wecom_messages_total",
  "wecom_messages_errors_total",
  "wecom_message_processing_seconds_count",
  "consultations_total",
  "cases_total",
  "satisfaction_score_count",
  'wecom_daily_messages{day="today"}',
] as const;

type Totals = Record<(typeof SERIES)[number], number>;
type AnyEvent = Record<string, unknown>;

const RUNS = 300;

/** Few ids, so that many are used again. */
const id = fc.option(fc.constantFrom("a", "b", "c", "消息-1", "x".repeat(128)), { nil: undefined });
const event: fc.Arbitrary<AnyEvent> = fc.oneof(
  fc.record(
    {
      type: fc.constant("message"),
      outcome: fc.constantFrom("ok", "error"),
      duration_seconds: fc.double({ min: 0, max: 86_400, noNaN: true }),
      id,
    },
    { requiredKeys: ["type", "outcome"] },
  ),
  fc.record({ type: fc.constantFrom("consultation", "case"), id }, { requiredKeys: ["type"] }),
  fc.record(
    { type: fc.constant("satisfaction"), score: fc.double({ min: 1, max: 5, noNaN: true }), id },
    { requiredKeys: ["type", "score"] },
  ),
);
/** An event with one field that is anything at all: mostly wrong, sometimes right. */
const almost = fc
  .tuple(
    event,
    fc.constantFrom("type", "outcome", "duration_seconds", "score", "id", "at", "更多"),
    fc.jsonValue(),
  )
  .map(([good, key, value]) => ({ ...good, [key]: value }));

test("any events: each counts once, and what has a bad one among it counts not at all", async (t) => {
  const exporter = await startExporter(t, { config: { enabled: false } });
  const model = emptyModel();
  const body = fc.array(fc.oneof({ weight: 20, arbitrary: event }, { weight: 1, arbitrary: almost }), {
    maxLength: 20,
  });
  await check(t, fc.tuple(body, fc.boolean()), async ([events, ndjson]) => {
    const text = ndjson ? events.map((one) => `${JSON.stringify(one)}\n`).join("") : JSON.stringify(events);
    await compare(exporter, model, text, events);
  });
});

test("any JSON: never a 5xx, and nothing counts that is not an event", async (t) => {
  const exporter = await startExporter(t, { config: { enabled: false } });
  await check(t, fc.json(), (text) => mustNotCount(exporter, text));
});

test("any bytes under any content type: never a 5xx, and nothing counts", async (t) => {
  const exporter = await startExporter(t, { config: { enabled: false } });
  const contentType = fc.oneof(
    fc.constantFrom(
      "",
      "application/json",
      "application/x-ndjson",
      "text/plain; charset=gbk",
      "multipart/form-data",
    ),
    fc.stringMatching(/^[ -~]{0,40}$/),
  );
  await check(t, fc.tuple(fc.uint8Array({ maxLength: 300 }), contentType), ([bytes, type]) =>
    mustNotCount(exporter, bytes, type),
  );
});

async function check<T>(t: TestContext, arbitrary: fc.Arbitrary<T>, run: (value: T) => Promise<void>) {
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  await fc.assert(fc.asyncProperty(arbitrary, run), { numRuns: RUNS, seed });
}

interface Model {
  totals: Totals;
  ids: Set<unknown>;
}

function emptyModel(): Model {
  return { totals: Object.fromEntries(SERIES.map((name) => [name, 0])) as Totals, ids: new Set() };
}

/** What the contract says that the events count. */
function count({ totals, ids }: Model, events: AnyEvent[]): number {
  const fresh = events.filter(({ id }) => id === undefined || (!ids.has(id) && ids.add(id)));
  for (const { type, outcome, duration_seconds } of fresh) {
    if (type === "message") {
      totals.wecom_messages_total += 1;
      totals['wecom_daily_messages{day="today"}'] += 1;
      if (outcome === "error") totals.wecom_messages_errors_total += 1;
      if (duration_seconds !== undefined) totals.wecom_message_processing_seconds_count += 1;
    }
    if (type === "consultation") totals.consultations_total += 1;
    if (type === "case") totals.cases_total += 1;
    if (type === "satisfaction") totals.satisfaction_score_count += 1;
  }
  return fresh.length;
}

async function compare(
  exporter: TestExporter,
  model: Model,
  text: string,
  events: AnyEvent[],
): Promise<void> {
  const response = await exporter.send(text);
  const answer = (await response.json()) as { problems?: { index: number }[] };
  if (response.status === 202) {
    const accepted = count(model, events);
    assert.deepEqual(answer, { accepted, duplicates: events.length - accepted });
  } else {
    assert.equal(response.status, 400);
    // Nobody is refused without a reason: an empty body, or an event that is named.
    if (events.length > 0) assert.ok(answer.problems?.every(({ index }) => index < events.length));
  }
  assert.deepEqual(await readTotals(exporter), model.totals);
}

async function mustNotCount(
  exporter: TestExporter,
  body: string | Uint8Array<ArrayBuffer>,
  type = "application/json",
) {
  const response = await fetch(`${exporter.url}/events`, {
    method: "POST",
    body,
    headers: { "Content-Type": type },
  });
  // An empty list is no mistake.
  if (response.status !== 202)
    assert.equal(response.status, 400, `${response.status}: ${await response.text()}`);
  else assert.deepEqual(await response.json(), { accepted: 0, duplicates: 0 });
  assert.deepEqual(await readTotals(exporter), emptyModel().totals);
}

async function readTotals(exporter: TestExporter): Promise<Totals> {
  const scrape = await exporter.text("/metrics");
  return Object.fromEntries(SERIES.map((series) => [series, sample(scrape, series)])) as Totals;
}
