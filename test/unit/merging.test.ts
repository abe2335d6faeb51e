import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { firing, resolved } from "./support/alerts.ts";
import { alertOf, openOutbox } from "./support/outbox.ts";
import { startRelay } from "./support/relay.ts";
import { startRobots } from "./support/robots.ts";

const NETWORK = { kind: "retry", reason: "network", detail: "ECONNREFUSED" } as const;

suite("news of one alert that waited together", () => {
  test("what fired and ended is told once, as ended", async (t) => {
    const outbox = openOutbox(t, { outcomes: [NETWORK] });
    const alert = alertOf("A");
    await outbox.take(alert);
    await outbox.take(resolved(alert));
    await outbox.pass(1);
    assert.deepEqual(outbox.sent, ["A firing", "A resolved"]);
    assert.deepEqual(
      outbox.notifications().map(({ status, state }) => [status, state]),
      [
        ["resolved", "sent"],
        ["firing", "sent"],
      ],
    );
  });

  test("a repeat of what was not yet told is not told twice", async (t) => {
    const outbox = openOutbox(t, { outcomes: Array(20).fill(NETWORK) });
    await outbox.take(alertOf("A"));
    for (let half = 0; half < 4; half += 1) {
      await outbox.pass(1900);
      await outbox.take(alertOf("A"));
    }
    assert.ok(outbox.notifications().length > 1);
    const before = outbox.sent.length;
    for (let minute = 0; minute < 20; minute += 1) await outbox.pass(60);
    assert.ok(outbox.notifications().every(({ state }) => state === "sent"));
    assert.deepEqual(new Set(outbox.sent.slice(before)), new Set(["A firing"]));
  });

  test("it says how long it lasted, and what it was", async (t) => {
    const robots = await startRobots(t);
    robots.answers.push(-1);
    const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url } });
    const alert = firing("ServiceDown", { severity: "critical" });
    await relay.tell(alert);
    await robots.message(1);
    await relay.tell(resolved(alert));
    relay.clock.advance(1);
    await relay.tell(firing("Wake"));
    await relay.settled();
    const told = robots.messages.slice(1).map(({ content }) => content);
    assert.match(
      told[0] ?? "",
      /已恢复（严重告警）.*ServiceDown 发生.*说明：ServiceDown 的说明.*持续时间：5 分/s,
    );
    assert.doesNotMatch(told.join("\n"), /🔴 <font color="warning">\*\*严重/);
  });
});

suite("more than the channel can tell message by message", () => {
  test("is merged: critical first, then by name, firing before resolved", async (t) => {
    const outbox = openOutbox(t, { outcomes: ["hang"], capacity: 6 });
    await outbox.take(firing("First", { severity: "critical" }));
    const ended = alertOf("Ended");
    for (const alert of [
      alertOf("B"),
      resolved(ended),
      firing("C", { severity: "critical" }),
      alertOf("A"),
      firing("D", { severity: "info" }),
      resolved(firing("E", { severity: "critical" })),
      alertOf("F"),
    ])
      await outbox.take(alert);
    await outbox.letGo({ kind: "sent" });
    assert.deepEqual(outbox.sent.slice(1), [
      "digest of 7: C firing, E resolved, A firing, B firing, F firing, Ended resolved, D firing",
    ]);
  });

  test("with the minute used up the rest is told in numbers, but for what is critical: that follows by name", async (t) => {
    const outbox = openOutbox(t, { outcomes: ["hang"], capacity: 1, bears: 2 });
    await outbox.take(firing("First", { severity: "critical" }));
    const critical = ["X", "Y", "Z"].map((name) => firing(name, { severity: "critical" }));
    await outbox.take(...critical, alertOf("A"), alertOf("B"), alertOf("C"), alertOf("D"));
    await outbox.letGo({ kind: "sent" });
    await outbox.pass(12);
    await outbox.pass(12);
    assert.deepEqual(outbox.sent, [
      "First firing",
      "digest of 7: X firing, Y firing and numbers",
      "Z firing",
    ]);
    const counted = outbox.notifications().filter(({ detail }) => detail !== null);
    assert.deepEqual(
      counted.map(({ state, detail }) => [state, detail]),
      Array(4).fill(["sent", "只计入数目，没有逐条列出"]),
    );
  });

  test("what fails is tried again as a whole, and nothing is settled", async (t) => {
    const outbox = openOutbox(t, { outcomes: [NETWORK], capacity: 5, bears: 1 });
    await outbox.take(...Array.from({ length: 60 }, (_, index) => alertOf(`A${index}`)));
    assert.equal(outbox.notifications().filter(({ state }) => state === "pending").length, 60);
    await outbox.pass(1);
    assert.ok(outbox.notifications().every(({ state }) => state === "sent"));
  });

  test("a few places of the minute are left for what is critical", async (t) => {
    const outbox = openOutbox(t, { capacity: 4 });
    await outbox.take(alertOf("Warning"));
    await outbox.pass(10);
    assert.deepEqual(outbox.sent, []);
    await outbox.take(firing("Critical", { severity: "critical" }));
    assert.deepEqual(outbox.sent, ["digest of 2: Critical firing, Warning firing and numbers"]);
  });

  test("those last for the minute: what is critical goes 12 s after the one before, and at once if that is longer ago", async (t) => {
    const outbox = openOutbox(t, { capacity: 3 });
    const critical = (name: string) => firing(name, { severity: "critical" });
    await outbox.take(critical("A"));
    await outbox.take(critical("B"));
    await outbox.pass(11);
    await outbox.take(critical("C"));
    assert.deepEqual(outbox.sent, ["A firing"]);
    await outbox.pass(1);
    assert.deepEqual(outbox.sent.slice(1), ["digest of 2: B firing, C firing and numbers"]);
    await outbox.pass(12);
    await outbox.take(critical("D"));
    assert.deepEqual(outbox.sent.slice(2), ["D firing"]);
  });

  test("what was not sent takes none of them, and a clock that is set back does not make them last for longer", async (t) => {
    const outbox = openOutbox(t, { outcomes: [NETWORK], capacity: 3 });
    await outbox.take(firing("A", { severity: "critical" }));
    await outbox.pass(1);
    assert.deepEqual(outbox.sent, ["A firing", "A firing"]);
    outbox.setBack(3600);
    await outbox.take(firing("B", { severity: "critical" }));
    assert.deepEqual(outbox.sent.slice(2), ["B firing"]);
  });
});

suite("an alert that begins anew while its end was never told", () => {
  test("what waited of the earlier time is told as ended", async (t) => {
    const outbox = openOutbox(t, { outcomes: [NETWORK] });
    const alert = alertOf("A");
    await outbox.take(alert);
    await outbox.take({ ...alert, startsAt: "2026-02-12T15:00:00Z" });
    await outbox.pass(1);
    assert.deepEqual(outbox.sent, ["A firing", "A resolved", "A firing"]);
  });

  test("each of its earlier times is over", async (t) => {
    const outbox = openOutbox(t);
    const alert = alertOf("A");
    for (const startsAt of ["2026-02-12T15:00:00Z", "2026-02-12T14:00:00Z", "2026-02-12T16:00:00Z"])
      await outbox.take({ ...alert, startsAt });
    assert.equal(outbox.firing(), 1);
  });

  test("what failed is told when Alertmanager says it again", async (t) => {
    const outbox = openOutbox(t, {
      outcomes: [{ kind: "failed", reason: "setup", detail: "errcode 93004" }],
    });
    await outbox.take(alertOf("A"));
    await outbox.take(alertOf("A"));
    assert.deepEqual(outbox.sent, ["A firing", "A firing"]);
  });
});

suite("what was put off", () => {
  test("is not put off for as long as the clock is set back", async (t) => {
    const outbox = openOutbox(t, { outcomes: [NETWORK] });
    await outbox.take(alertOf("A"));
    outbox.setBack(3600);
    await outbox.take(alertOf("B"));
    assert.deepEqual(outbox.sent, ["A firing", "A firing", "B firing"]);
  });

  test("busy answers count one after another, not those of other troubles", async (t) => {
    const BUSY = { kind: "retry", reason: "busy", detail: "errcode -1", tries: 3 } as const;
    const outbox = openOutbox(t, { outcomes: [NETWORK, NETWORK, NETWORK, BUSY, BUSY] });
    await outbox.take(alertOf("A"));
    for (let minute = 0; minute < 6; minute += 1) await outbox.pass(60);
    assert.deepEqual(
      outbox.notifications().map(({ state, attempts }) => [state, attempts]),
      [["sent", 6]],
    );
  });
});
