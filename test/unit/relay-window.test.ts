import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import fc from "fast-check";
import { createWindow } from "../../alertmanager/relay/outbox/window.ts";
import { RESERVE } from "../../alertmanager/relay/plan.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { openDatabase } from "../../service/database.ts";
import { firing } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { temporaryFolder } from "./support/folder.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";
import { startRobots } from "./support/robots.ts";
import { listen } from "./support/server.ts";
import { until } from "./support/until.ts";

const LIMIT = { messages: 20, span: 60_000 };
const NOW = fakeClock().now();
/** Seconds between the last few messages of a minute, and over all of them. */
const PACE = 12;
const USED_UP_AFTER = (RESERVE - 1) * PACE;

/** What may use all of the minute. */
const critical = (name: string) => firing(name, { severity: "critical" });

suite("a robot sends at most 20 messages in any 60 s", () => {
  test("the 21st waits, over a restart too, and then goes first", async (t) => {
    const robots = await startRobots(t);
    const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url };
    const first = await startRelay(t, { env });
    await useUp(first, LIMIT.messages, (number) => robots.message(number));
    await first.tell(critical("TheTwentyFirst"));
    await waiting(first, 1);
    assert.equal(robots.messages.length, 20);
    await first.stop();

    const { clock, dataDir } = first;
    clock.advance(59.999 - USED_UP_AFTER);
    const second = await startRelay(t, { env, clock, dataDir });
    await second.tell(critical("Last"));
    await waiting(second, 2);
    assert.equal(robots.messages.length, 20);

    clock.advance(0.001);
    await second.tell(critical("Wake"));
    await second.settled();
    const told = robots.messages.slice(20).map(({ content }) => content);
    assert.match(told.join("\n"), /TheTwentyFirst.*Last.*Wake/s);
  });

  test("several robots share the load", async (t) => {
    const robots = await startRobots(t);
    const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "a,b", WECOM_API_BASE: robots.url } });
    await useUp(relay, 2 * LIMIT.messages, (number) => robots.message(number));
    await relay.tell(critical("OneMore"));
    await waiting(relay, 1);
    const sent = (robot: string) => robots.messages.filter(({ key }) => key === robot).length;
    assert.deepEqual([sent("a"), sent("b")], [20, 20]);
  });

  test("each counts from when it has arrived, not from when it was sent", async (t) => {
    const clock = fakeClock();
    const arrivals: number[] = [];
    const url = await listen(t, (_, response) => {
      // The first takes long: the connection is new.
      if (arrivals.length === 0) clock.advance(0.5);
      arrivals.push(clock.now());
      response.end('{"errcode":0,"errmsg":"ok"}');
    });
    const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: url }, clock });
    await useUp(relay, LIMIT.messages, (number) =>
      until(`message ${number}`, () => arrivals.length === number),
    );
    clock.advance(59.9 - USED_UP_AFTER);
    await relay.tell(critical("TheTwentyFirst"));
    await waiting(relay, 1);
    clock.advance(0.1);
    await relay.tell(critical("Wake"));
    await relay.settled();
    assert.ok((arrivals[20] ?? 0) - (arrivals[0] ?? 0) >= LIMIT.span);
  });

  test("a robot that was removed does not lose what another could tell", async (t) => {
    const robots = await startRobots(t);
    const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "gone,b", WECOM_API_BASE: robots.url } });
    robots.answers.push(93000);
    await relay.tell(critical("A"));
    await relay.settled();
    assert.deepEqual(await relay.notifications("state=failed"), []);
  });
});

suite("reservations", () => {
  test("whenever they are asked for, any 60 s hold at most 20", (t) => {
    const database = openWindow(t);
    const waits = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 30, maxLength: 120 });
    fc.assert(
      fc.property(waits, (steps) => {
        database.exec("DELETE FROM sends");
        const granted: number[] = [];
        let now = NOW;
        const window = createWindow(database, () => now);
        for (const step of steps) {
          now += step;
          const room = window.room("robot", LIMIT);
          const answer = window.reserve("robot", LIMIT);
          assert.equal(answer.granted, room > 0);
          if (answer.granted) granted.push(now);
          else assert.ok(answer.until > now, "waiting has an end, and begins");
        }
        for (const [index, at] of granted.entries())
          assert.ok((granted[index + 20] ?? Number.POSITIVE_INFINITY) - at >= LIMIT.span);
      }),
      { numRuns: 50 },
    );
  });

  test("a refused one is granted exactly when it was told to come back", (t) => {
    const database = openWindow(t);
    for (let number = 0; number < 20; number += 1)
      createWindow(database, () => NOW + number * 1000).reserve("robot", LIMIT);
    const refused = createWindow(database, () => NOW + 20_000).reserve("robot", LIMIT);
    assert.deepEqual(refused, { granted: false, until: NOW + 60_000 });
    assert.deepEqual(createWindow(database, () => NOW + 59_999).reserve("robot", LIMIT), refused);
    assert.deepEqual(createWindow(database, () => NOW + 60_000).reserve("robot", LIMIT), { granted: true });
    assert.deepEqual(createWindow(database, () => NOW + 60_000).reserve("another", LIMIT), { granted: true });
  });

  test("a clock that was ahead and is set right does not silence the robot", (t) => {
    const database = openWindow(t);
    const year = 365 * 24 * 3600_000;
    for (let number = 0; number < 20; number += 1)
      createWindow(database, () => NOW + year).reserve("robot", LIMIT);
    const answer = createWindow(database, () => NOW).reserve("robot", LIMIT);
    assert.ok(answer.granted || answer.until <= NOW + LIMIT.span);
  });
});

test("however the clock is set, any 60 s of real time hold at most 20, and nobody waits for longer", (t) => {
  const database = openWindow(t);
  const hour = 3600_000;
  const step = fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom(0, 0, 0, 0, -hour, hour));
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 120 }), (steps) => {
      database.exec("DELETE FROM sends");
      const granted: number[] = [];
      let [now, elapsed] = [NOW, 0];
      const window = createWindow(
        database,
        () => now,
        () => elapsed,
      );
      for (const [wait, set] of steps) {
        now += wait + set;
        elapsed += wait;
        const room = window.room("robot", LIMIT);
        const answer = window.reserve("robot", LIMIT);
        assert.equal(answer.granted, room > 0);
        if (answer.granted) granted.push(elapsed);
        else assert.ok(answer.until > now && answer.until <= now + LIMIT.span);
      }
      for (const [index, at] of granted.entries())
        assert.ok((granted[index + 20] ?? Number.POSITIVE_INFINITY) - at >= LIMIT.span);
    }),
    { numRuns: 50 },
  );
});

/** Tells of critical alerts, one a message, until there is no room. */
async function useUp(relay: TestRelay, messages: number, sent: (number: number) => Promise<unknown>) {
  for (let number = 1; number <= messages; number += 1) {
    if (number > messages - RESERVE + 1) relay.clock.advance(PACE);
    await relay.tell(critical(`Alert${number}.`));
    await sent(number);
    // Before its arrival is noted, time may not go on.
    await relay.settled();
  }
}

function openWindow(t: TestContext) {
  const migrations = join(PROJECT, "alertmanager/relay/outbox/migrations");
  const database = openDatabase(join(temporaryFolder(t), "relay.db"), migrations);
  t.after(() => database.close());
  // Thousands of commits, and no power cut.
  database.exec("PRAGMA synchronous = OFF");
  return database;
}

/** Waits until that many are left to send, the oldest of them held back by the limit. */
async function waiting(relay: TestRelay, count: number): Promise<void> {
  await until(`${count} wait`, async () => (await relay.notifications("state=pending")).length === count);
}
