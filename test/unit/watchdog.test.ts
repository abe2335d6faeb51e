import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { sample } from "./support/exporter.ts";
import { type RelaySettings, startRelay, type TestRelay } from "./support/relay.ts";
import { type Robots, startRobots } from "./support/robots.ts";

const WATCHDOG = firing("Watchdog", { severity: "info" });

interface Story {
  robots: Robots;
  relay: TestRelay;
  /** Lets time pass; the relay looks at the clock every 10 s. */
  pass(seconds: number): void;
  /** The relay dies, and starts again later. */
  restart(seconds: number): Promise<TestRelay>;
  /** The silences in the history, newest first. */
  silences(relay?: TestRelay): Promise<string[]>;
}

async function begin(t: TestContext): Promise<Story> {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const robots = await startRobots(t);
  const settings: RelaySettings = { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url } };
  const relay = await startRelay(t, settings);
  const { clock, dataDir } = relay;
  let running = relay;
  return {
    robots,
    relay,
    pass(seconds) {
      for (let left = seconds; left > 0; left -= 10) {
        clock.advance(Math.min(10, left));
        t.mock.timers.tick(10_000);
      }
    },
    async restart(seconds) {
      await running.stop();
      clock.advance(seconds);
      running = await startRelay(t, { ...settings, clock, dataDir });
      return running;
    },
    silences: async (of = relay) =>
      (await of.alerts()).map(({ labels, status }) => `${labels.alertname} ${status}`),
  };
}

test("silent for 5 minutes, the relay says so itself, once, and tells when it is over", async (t) => {
  const { robots, relay, pass, silences } = await begin(t);
  await relay.post("/watchdog", webhook(WATCHDOG));
  pass(299);
  assert.deepEqual(await silences(), []);
  assert.equal(sample(await relay.text("/metrics"), "relay_watchdog_age_seconds"), 299);

  pass(1);
  assert.deepEqual(await silences(), ["WatchdogSilent firing"]);
  const message = await robots.message(1);
  assert.match(message, /严重告警.*监控系统失去心跳/);
  assert.doesNotMatch(message, /静默/);
  pass(3600);
  assert.deepEqual(await silences(), ["WatchdogSilent firing"]);

  assert.equal((await relay.post("/watchdog", webhook(WATCHDOG))).status, 200);
  assert.match(await robots.message(2), /已恢复.*监控系统失去心跳.*持续时间：1 小时 5 分/s);
  assert.equal(sample(await relay.text("/metrics"), "relay_watchdog_age_seconds"), 0);
  await relay.settled();
  assert.equal(robots.messages.length, 2);
});

test("an end without a heartbeat is told as what it is: Alertmanager gives alerts up when Prometheus is dead", async (t) => {
  const { robots, relay, pass } = await begin(t);
  const [seen, unseen] = [firing("Seen"), firing("Unseen")];
  await relay.post("/watchdog", webhook(WATCHDOG));
  await relay.tell(seen, unseen);
  await robots.message(1);
  pass(149);
  await relay.tell(resolved(seen));
  assert.match(await robots.message(2), /^✅ <font color="info">\*\*已恢复（警告）\*\*<\/font> \*\*Seen/);
  pass(1);
  await relay.tell(resolved(unseen));
  const doubtful = await robots.message(3);
  assert.match(doubtful, /^❔ <font color="comment">\*\*可能已恢复（警告）\*\*<\/font> \*\*Unseen/);
  assert.match(doubtful, /> 注意：Prometheus 没有心跳，无法确认是否真的恢复/);
});

test("a relay that has just started does not take its own start for a heartbeat", async (t) => {
  const { robots, relay, restart } = await begin(t);
  const [before, after] = [firing("Before"), firing("After")];
  await relay.post("/watchdog", webhook(WATCHDOG));
  await relay.tell(before, after);
  await robots.message(1);
  const second = await restart(100);
  await second.tell(resolved(before));
  assert.match(await robots.message(2), /^✅ .*Before/);
  const third = await restart(100);
  await third.tell(resolved(after));
  assert.match(await robots.message(3), /^❔ .*After/);
});

test("without any heartbeat ever, an end is an end: other systems may post to the relay", async (t) => {
  const { robots, relay } = await begin(t);
  const alert = firing("Posted");
  await relay.tell(alert);
  await robots.message(1);
  await relay.tell(resolved(alert));
  assert.match(await robots.message(2), /^✅ .*已恢复（警告）.*Posted/);
});

test("as long as it is heard nothing is said", async (t) => {
  const { relay, pass, silences } = await begin(t);
  for (let minute = 0; minute < 10; minute += 1) {
    pass(60);
    await relay.post("/watchdog", webhook(WATCHDOG));
  }
  assert.deepEqual(await silences(), []);
});

test("a machine that slept gives the heart two minutes to be heard again", async (t) => {
  const { relay, pass, silences } = await begin(t);
  await relay.post("/watchdog", webhook(WATCHDOG));
  relay.clock.advance(3600);
  pass(110);
  assert.deepEqual(await silences(), []);
  pass(20);
  assert.deepEqual(await silences(), ["WatchdogSilent firing"]);
});

test("never heard at all since the start counts as silent too", async (t) => {
  const { pass, silences } = await begin(t);
  pass(300);
  assert.deepEqual(await silences(), ["WatchdogSilent firing"]);
});

test("a refused body is no sign of life", async (t) => {
  const { relay, pass, silences } = await begin(t);
  pass(290);
  assert.equal((await relay.post("/watchdog", "{}")).status, 400);
  pass(10);
  assert.deepEqual(await silences(), ["WatchdogSilent firing"]);
});

test("a watchdog that has ended is no sign of life: Alertmanager says so when Prometheus is gone", async (t) => {
  const { relay, pass, silences } = await begin(t);
  pass(290);
  await relay.post("/watchdog", webhook(resolved(WATCHDOG)));
  pass(10);
  assert.deepEqual(await silences(), ["WatchdogSilent firing"]);
});

test("an old heartbeat that Alertmanager repeats is no sign of life, nor the end of a silence", async (t) => {
  const { relay, pass, silences } = await begin(t);
  const evaluated_at = String(relay.clock.now() / 1000);
  const old = webhook({ ...WATCHDOG, annotations: { evaluated_at } });
  for (let minute = 0; minute < 5; minute += 1) {
    await relay.post("/watchdog", old);
    pass(60);
  }
  assert.deepEqual(await silences(), ["WatchdogSilent firing"]);
  await relay.post("/watchdog", old);
  assert.deepEqual(await silences(), ["WatchdogSilent firing"]);

  const fresh = { evaluated_at: String(relay.clock.now() / 1000) };
  await relay.post("/watchdog", webhook({ ...WATCHDOG, annotations: fresh }));
  assert.deepEqual(await silences(), ["WatchdogSilent resolved"]);
});

test("a restart during the silence does not tell that it is over", async (t) => {
  const { pass, restart, silences } = await begin(t);
  pass(300);
  const second = await restart(60);
  pass(10);
  assert.deepEqual(await silences(second), ["WatchdogSilent firing"]);
});

test("an old heartbeat after a restart does not end the silence either", async (t) => {
  const { relay, pass, restart, silences } = await begin(t);
  const evaluated_at = String(relay.clock.now() / 1000);
  pass(300);
  const second = await restart(10);
  await second.post("/watchdog", webhook({ ...WATCHDOG, annotations: { evaluated_at } }));
  assert.deepEqual(await silences(second), ["WatchdogSilent firing"]);
});

test("a silence that began before a restart is told as over once it is", async (t) => {
  const { robots, pass, restart } = await begin(t);
  pass(300);
  const second = await restart(60);
  await second.post("/watchdog", webhook(WATCHDOG));
  assert.match(await robots.message(2), /已恢复.*监控系统失去心跳/s);
});
