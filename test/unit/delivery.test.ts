import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { firing, resolved } from "./support/alerts.ts";
import { alertOf, type Outbox, openOutbox } from "./support/outbox.ts";

const NETWORK = { kind: "retry", reason: "network", detail: "ECONNREFUSED" } as const;
const BUSY = { kind: "retry", reason: "busy", detail: "errcode -1", tries: 3 } as const;

test("it fails, then tries again after 1, 2, 4 … at most 60 seconds, then succeeds", async (t) => {
  const outbox = openOutbox(t, { outcomes: [...Array(9).fill(NETWORK), { kind: "sent" }] });
  await outbox.take(alertOf("A"));
  for (const [failures, seconds] of [1, 2, 4, 8, 16, 32, 60, 60, 60].entries()) {
    await outbox.pass(seconds - 0.001);
    assert.equal(outbox.sent.length, failures + 1, `${seconds} s after failure ${failures + 1}: too early`);
    await outbox.pass(0.001);
    assert.equal(outbox.sent.length, failures + 2, `${seconds} s after failure ${failures + 1}: too late`);
  }
  assert.deepEqual(only(outbox), { state: "sent", attempts: 10, reason: null, detail: null });
});

test("one that may be tried three times has then failed, and says why", async (t) => {
  const outbox = openOutbox(t, { outcomes: [BUSY, BUSY, BUSY] });
  await outbox.take(alertOf("A"));
  await outbox.pass(3600);
  await outbox.pass(3600);
  await outbox.pass(3600);
  assert.equal(outbox.sent.length, 3);
  assert.deepEqual(only(outbox), { state: "failed", attempts: 3, reason: "busy", detail: "errcode -1" });
});

test("a final failure is not tried again, and does not hold up the next", async (t) => {
  const outbox = openOutbox(t, { outcomes: [{ kind: "failed", reason: "setup", detail: "errcode 93000" }] });
  await outbox.take(alertOf("A"));
  await outbox.take(alertOf("B"));
  await outbox.pass(3600);
  assert.deepEqual(outbox.sent, ["A firing", "B firing"]);
  assert.deepEqual(
    outbox.notifications().map(({ state }) => state),
    ["sent", "failed"],
  );
});

test("told to come back later, it does not come earlier, and counts no attempt while nothing was sent", async (t) => {
  const until = Date.parse("2026-02-12T13:47:44Z");
  const outbox = openOutbox(t, { outcomes: [{ kind: "wait", until }] });
  await outbox.take(alertOf("A"));
  assert.equal(only(outbox).attempts, 0);
  await outbox.pass(59);
  assert.equal(outbox.sent.length, 1);
  await outbox.pass(1);
  assert.deepEqual(only(outbox), { state: "sent", attempts: 1, reason: null, detail: null });
});

test("what holds up one message holds up those of other alerts that wait with it", async (t) => {
  const until = Date.parse("2026-02-12T13:47:44Z");
  const outbox = openOutbox(t, {
    outcomes: [{ kind: "retry", reason: "rate_limited", detail: "errcode 45009", until }],
    bears: 1,
    capacity: 1,
  });
  const critical = (name: string) => firing(name, { severity: "critical" });
  await outbox.take(...["B", "A", "C", "D", "E", "F", "G"].map(critical));
  assert.equal(outbox.sent.length, 1);
  await outbox.pass(59);
  await outbox.take(alertOf("H"));
  assert.equal(outbox.sent.length, 1);
  await outbox.pass(1);
  assert.match(outbox.sent[1] ?? "", /^digest of 8: A firing/);
});

test("what does not fit into one message follows in the next", async (t) => {
  const outbox = openOutbox(t, { bears: 2 });
  await outbox.take(alertOf("A"), alertOf("B"), alertOf("C"));
  await outbox.pass(0);
  assert.deepEqual(outbox.sent, ["A firing, B firing", "C firing"]);
});

test("dies between sending and noting it, then starts again: told twice rather than never", async (t) => {
  const outbox = openOutbox(t, { outcomes: ["hang"] });
  await outbox.take(alertOf("A"));
  assert.deepEqual(outbox.sent, ["A firing"]);
  assert.equal(only(outbox).state, "pending");

  outbox.startAgain();
  await outbox.pass(0);
  assert.deepEqual(outbox.sent, ["A firing", "A firing"]);
  assert.equal(only(outbox).state, "sent");
});

test("the disk refuses to note it: it goes on once the disk does", async (t) => {
  const { outbox, relent } = await sendUnnoted(t);
  assert.equal(only(outbox).state, "pending");
  relent();
  await outbox.pass(5);
  assert.equal(only(outbox).state, "sent");
});

test("a message that cannot be noted is not sent over and over", async (t) => {
  const { outbox } = await sendUnnoted(t);
  for (let seconds = 0; seconds < 60; seconds += 5) await outbox.pass(5);
  assert.ok(outbox.sent.length <= 2, `sent ${outbox.sent.length} times`);
});

test("an alert that ended before it could be told is told as ended, not dropped", async (t) => {
  const outbox = openOutbox(t, { outcomes: [NETWORK] });
  const alert = alertOf("A");
  await outbox.take(alert);
  await outbox.take(resolved(alert));
  await outbox.pass(60);
  assert.ok(outbox.sent.includes("A resolved"), `${outbox.sent}`);
});

test("the end of an alert is not told before its beginning", async (t) => {
  const outbox = openOutbox(t, { outcomes: [NETWORK] });
  const alert = alertOf("A");
  await outbox.take(alert);
  await outbox.take(resolved(alert));
  await outbox.pass(60);
  assert.equal(outbox.sent.at(-1), "A resolved", `${outbox.sent}`);
});

test("stopping waits for the message under way", async (t) => {
  const outbox = openOutbox(t, { outcomes: ["hang"] });
  await outbox.take(alertOf("A"));
  let stopped = false;
  const stopping = outbox.stop().then(() => {
    stopped = true;
  });
  await outbox.pass(60);
  assert.equal(stopped, false);
  await outbox.letGo({ kind: "sent" });
  await stopping;
  assert.equal(only(outbox).state, "sent");
});

/** A message was sent, and the disk refuses to note it until `relent`. */
async function sendUnnoted(t: TestContext) {
  const outbox = openOutbox(t, { outcomes: ["hang"] });
  await outbox.take(alertOf("A"));
  const other = new DatabaseSync(join(outbox.folder, "relay.db"));
  t.after(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  await outbox.letGo({ kind: "sent" });
  return { outbox, relent: () => other.exec("ROLLBACK") };
}

function only(outbox: Outbox) {
  const [notification, ...others] = outbox.notifications();
  assert.deepEqual(others, []);
  assert.ok(notification);
  const { state, attempts, reason, detail } = notification;
  return { state, attempts, reason, detail };
}
