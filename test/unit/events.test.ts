import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Event, InvalidEventsError, parseEvents } from "../../exporter/events/event.ts";
import { fakeClock } from "./support/clock.ts";
import { matchGolden, readFixture } from "./support/golden.ts";

const NOW = fakeClock("2026-02-12T13:46:44Z").now();
const JSON_TYPE = "application/json";
const NDJSON_TYPE = "application/x-ndjson";

const parse = (body: string | Uint8Array, contentType = JSON_TYPE) =>
  parseEvents(typeof body === "string" ? Buffer.from(body) : body, contentType, NOW);

const CASE: Event = { type: "case" };
const MESSAGE: Event = { type: "message", outcome: "error", duration_seconds: 0.42 };

suite("a body is", () => {
  const bodies: [string, string, string, Event[]][] = [
    ["one object", JSON.stringify(MESSAGE), JSON_TYPE, [MESSAGE]],
    ["one object over several lines", JSON.stringify(MESSAGE, null, 2), JSON_TYPE, [MESSAGE]],
    ["an array", JSON.stringify([CASE, MESSAGE]), JSON_TYPE, [CASE, MESSAGE]],
    ["an empty array", "[]", JSON_TYPE, []],
    ["NDJSON", `${JSON.stringify(CASE)}\n${JSON.stringify(MESSAGE)}\n`, NDJSON_TYPE, [CASE, MESSAGE]],
    ["NDJSON with CRLF and empty lines", '{"type":"case"}\r\n\r\n{"type":"case"}', NDJSON_TYPE, [CASE, CASE]],
    [
      "NDJSON whose texts hold other line breaks",
      '{"type":"case","id":"\u2028"}\n{"type":"case","id":"\u0085"}',
      NDJSON_TYPE,
      [
        { ...CASE, id: "\u2028" },
        { ...CASE, id: "\u0085" },
      ],
    ],
    ["NDJSON that does not say so", '{"type":"case"}\n{"type":"case"}\n', JSON_TYPE, [CASE, CASE]],
    ["anything of these without a type", '{"type":"case"}', "", [CASE]],
  ];
  for (const [name, body, contentType, events] of bodies) {
    test(name, () => assert.deepEqual(parse(body, contentType), events));
  }
});

test("every kind of event is read with all it may carry", () => {
  const at = "2026-02-12T21:46:44+08:00";
  const all = [
    { type: "message", outcome: "ok", duration_seconds: 0, id: "m-1", at },
    { type: "consultation", id: "c-1", at },
    { type: "case", id: "k-1", at },
    { type: "satisfaction", score: 4.5, id: "s-1", at },
  ];
  assert.deepEqual(
    parse(JSON.stringify(all)),
    all.map((event) => ({ ...event, at: NOW })),
  );
});

test("every bad event is named by index, field and reason, and none of the batch is taken", () => {
  const error = refusal(readFixture("events/refused.ndjson"), NDJSON_TYPE);
  assert.equal(error.message, "invalid events, none was counted");
  const lines = error.problems.map(({ index, field, reason }) => `${index} ${field || '""'}: ${reason}\n`);
  matchGolden("events/refused.txt", lines.join(""));
});

test("an id of half a character is refused: it would be stored as the same as any other", () => {
  assert.deepEqual(refusal('{"type":"case","id":"\\ud800"}').problems, [
    { index: 0, field: "id", reason: "must be well-formed Unicode" },
  ]);
});

test("a key of megabytes is not repeated in the answer", () => {
  const { problems } = refusal(`{"${"x".repeat(100_000)}":1,"type":"case"}`);
  assert.ok(JSON.stringify(problems).length < 1000);
});

test("a key that nobody reads is named as the field", () => {
  const { problems } = refusal('{"type":"case","count":2}');
  assert.deepEqual(
    problems.map(({ index, field }) => [index, field]),
    [[0, "count"]],
  );
});

test("a batch with thousands of bad events is refused by the first of them", () => {
  const { problems } = refusal(JSON.stringify(Array(10_000).fill(1)));
  assert.ok(problems.length <= 1000, `${problems.length} problems`);
});

suite("a body that holds no events is refused as a whole", () => {
  test("nothing at all", () => {
    const { message, problems } = refusal(" \n");
    assert.equal(message, "the body is empty: send one JSON object, an array, or NDJSON");
    assert.deepEqual(problems, []);
  });

  test("another encoding", () => {
    // 案件 in GBK.
    assert.equal(refusal(Buffer.from([0xb0, 0xb8, 0xbc, 0xfe])).message, "the body must be UTF-8");
  });

  test("JSON that was cut off", () => {
    assert.deepEqual(refusal('{"type":"case"').problems.length, 1);
  });
});

suite("`at` lies", () => {
  const hour = 3600_000;
  const taken = { "48 h back": -48 * hour, now: 0, "5 min ahead": hour / 12 };
  for (const [name, offset] of Object.entries(taken)) {
    test(name, () => {
      const [event] = parse(eventAt(NOW + offset));
      assert.equal(event?.at, NOW + offset);
    });
  }

  const refused = { "more than 48 h back": -48 * hour - 1, "more than 5 min ahead": hour / 12 + 1 };
  for (const [name, offset] of Object.entries(refused)) {
    test(`${name}: refused`, () => {
      assert.deepEqual(refusal(eventAt(NOW + offset)).problems, [
        { index: 0, field: "at", reason: "must be at most 48 h back and 5 min ahead" },
      ]);
    });
  }
});

function eventAt(at: number): string {
  return JSON.stringify({ type: "case", at: new Date(at).toISOString() });
}

function refusal(body: string | Uint8Array, contentType = JSON_TYPE): InvalidEventsError {
  try {
    parse(body, contentType);
  } catch (error) {
    assert.ok(error instanceof InvalidEventsError, String(error));
    return error;
  }
  assert.fail("it was taken");
}
