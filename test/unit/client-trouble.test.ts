import assert from "node:assert/strict";
import { test } from "node:test";
import { MonitoringError, type MonitoringErrorKind } from "../../client/error.ts";
import { createTrouble } from "../../client/trouble.ts";

const TIMING = { firstRetry: 1000, longestRetry: 30_000, slowRetry: 60_000 };

/** The waits after so many failures in a row, in seconds. */
function delays(kind: MonitoringErrorKind, count: number, random: number): number[] {
  const trouble = createTrouble(
    () => {},
    TIMING,
    () => random,
  );
  return Array.from({ length: count }, () => {
    trouble.add(new MonitoringError(kind, "out of order"));
    return trouble.delay() / 1000;
  });
}

test("what passes by itself is retried after twice as long each time, up to half a minute", () => {
  assert.deepEqual(delays("unreachable", 7, 1), [1, 2, 4, 8, 16, 30, 30]);
  assert.deepEqual(delays("unavailable", 2000, 1).at(-1), 30);
});

test("what only a person can change is retried slowly", () => {
  for (const kind of ["unauthorized", "unexpected", "refused", "invalid"] as const)
    assert.deepEqual(delays(kind, 3, 1), [60, 60, 60]);
});

test("the waits are spread over half of their length", () => {
  assert.deepEqual(delays("unreachable", 3, 0), [0.5, 1, 2]);
  assert.deepEqual(delays("unauthorized", 2, 0.5), [45, 45]);
});

test("it is told when it changes and when it comes again; restarting only shortens the wait", () => {
  const told: string[] = [];
  const trouble = createTrouble(
    ({ kind }) => told.push(kind),
    TIMING,
    () => 1,
  );
  const add = (kind: MonitoringErrorKind) => trouble.add(new MonitoringError(kind, "out of order"));
  add("unreachable");
  add("unreachable");
  trouble.restart();
  add("unreachable");
  assert.equal(trouble.delay(), 1000);
  add("unauthorized");
  assert.equal(trouble.exists, true);
  trouble.end();
  assert.equal(trouble.exists, false);
  add("unauthorized");
  assert.deepEqual(told, ["unreachable", "unauthorized", "unauthorized"]);
});
