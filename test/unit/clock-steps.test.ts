import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { RESERVE } from "../../alertmanager/relay/plan.ts";
import { systemClock } from "../../service/clock.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { FAULTS, type FaultyWecom, startFaultyWecom } from "./support/faulty-wecom.ts";
import { type HeldTime, holdTime } from "./support/held-time.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";

const HOUR = 3600;
const LIMIT = 20;
/** Seconds that are left of it when all is used up. */
const LAST_OF_MINUTE = 5;

const critical = (name: string) => firing(`${name}.`, { severity: "critical" });
const STEPS: [name: string, seconds: number][] = [
  ["back an hour", -HOUR],
  ["ahead an hour", HOUR],
  ["back a year", -365 * 24 * HOUR],
];

interface Story {
  relay: TestRelay;
  wecom: FaultyWecom;
  /** Lets time pass; the clock goes with it. */
  pass(seconds: number): Promise<void>;
  /** Somebody sets the clock. */
  step: HeldTime["step"];
  heartbeat(): Promise<unknown>;
}

async function begin(t: TestContext, ...apis: Parameters<typeof holdTime>[2][]): Promise<Story> {
  const clock = fakeClock();
  const wecom = await startFaultyWecom(t);
  const time = holdTime(t, clock, ...apis);
  const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: wecom.url }, clock });
  return {
    relay,
    wecom,
    pass: (seconds) => time.pass(seconds, () => wecom.held),
    step: time.step,
    heartbeat: () => relay.post("/watchdog", webhook(firing("Watchdog"))),
  };
}

/** Tells alerts one by one until the robot has used up its minute; the last few are spread over most of it. */
async function useUp({ relay, pass, wecom }: Story): Promise<void> {
  for (let number = 0; wecom.told.length < LIMIT; number += 1) {
    await pass(number > LIMIT - RESERVE ? 15 : 0);
    await relay.tell(critical(`Early${number}`));
    await pass(0);
  }
}

test("the clock runs ahead for a while and is set right: a silence is noticed all the same", async (t) => {
  const { relay, pass, step, heartbeat } = await begin(t, ["setTimeout", "setInterval"]);
  step(HOUR);
  await pass(60);
  await heartbeat();
  step(-HOUR);
  await pass(450);
  const names = (await relay.alerts()).map(({ labels }) => labels.alertname);
  assert.deepEqual(names, ["WatchdogSilent"]);
});

for (const [name, seconds] of STEPS) {
  suite(`the clock steps ${name}`, () => {
    test("what waits for a retry is told within minutes", async (t) => {
      const { relay, wecom, pass, step } = await begin(t);
      wecom.behave(FAULTS["HTTP 500"]);
      await relay.tell(critical("Waits"));
      await pass(300);
      step(seconds);
      wecom.behave(undefined);
      await pass(90);
      assert.equal(wecom.told.length, 1);
      assert.deepEqual(await relay.notifications("state=pending"), []);
    });

    for (const severity of ["critical", "warning"]) {
      test(`a ${severity} one that waits for room is told within two minutes, and the limit holds`, async (t) => {
        const story = await begin(t);
        const { relay, wecom, pass, step } = story;
        await useUp(story);
        await relay.tell(firing("Late.", { severity }));
        await pass(5);
        step(seconds);
        await pass(0);
        assert.equal(wecom.told.length, LIMIT);
        await pass(LAST_OF_MINUTE);
        assert.equal(wecom.told.length, LIMIT, "within the same minute");
        await pass(60);
        assert.match(wecom.told.slice(LIMIT).join(), /Late\. 发生/);
        assert.deepEqual(await relay.notifications("state=pending"), []);
      });
    }

    test("an alert that goes on is told again when it is repeated hours later", async (t) => {
      const { relay, wecom, pass, step } = await begin(t);
      await relay.tell(critical("GoesOn"));
      await pass(0);
      step(seconds);
      await pass(4 * HOUR);
      await relay.tell(critical("GoesOn"));
      await pass(0);
      assert.equal(wecom.told.length, 2);
    });

    test("no message tells of a negative duration", async (t) => {
      const { relay, wecom, pass, step, heartbeat } = await begin(t);
      const alert = { ...critical("Short"), startsAt: new Date(relay.clock.now()).toISOString() };
      await relay.tell(alert);
      await pass(60);
      step(seconds);
      await heartbeat();
      await relay.tell(resolved(alert, new Date(relay.clock.now()).toISOString()));
      await pass(60);
      const text = wecom.told.slice(1).join("\n");
      assert.match(text, /已恢复（严重告警）.*Short/);
      assert.doesNotMatch(text, /-\s?\d+ (天|小时|分|秒)|NaN|Invalid/);
      assert.match(text, /持续时间：\d+ (天|小时|分|秒)/);
    });

    test("a silence that begins then is noticed within minutes", async (t) => {
      const { relay, pass, step, heartbeat } = await begin(t, ["setTimeout", "setInterval"]);
      await heartbeat();
      step(seconds);
      await pass(450);
      assert.deepEqual(
        (await relay.alerts()).map(({ labels }) => labels.alertname),
        ["WatchdogSilent"],
      );
    });

    test("an end that comes while it is silent is told as doubtful", async (t) => {
      const { relay, wecom, pass, step, heartbeat } = await begin(t, ["setTimeout", "setInterval"]);
      await relay.tell(critical("GoesOn"));
      await heartbeat();
      step(seconds);
      await pass(240);
      await relay.tell(resolved(critical("GoesOn"), new Date(relay.clock.now()).toISOString()));
      await pass(5);
      assert.match(wecom.told.at(-1) ?? "", /可能已恢复/);
    });

    test("as long as the heart is heard nothing is said of it", async (t) => {
      const { relay, pass, step, heartbeat } = await begin(t, ["setTimeout", "setInterval"]);
      await heartbeat();
      await pass(55);
      step(seconds);
      for (let minute = 0; minute < 10; minute += 1) {
        await pass(60);
        await heartbeat();
      }
      assert.deepEqual(await relay.alerts(), []);
    });
  });
}

test("what has passed does not depend on what the clock is set to", (t) => {
  const before = systemClock.elapsed();
  t.mock.method(Date, "now", () => 0);
  const passed = systemClock.elapsed() - before;
  assert.ok(passed >= 0 && passed < 60_000, `${passed} ms`);
});
