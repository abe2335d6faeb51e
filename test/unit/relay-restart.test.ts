import assert from "node:assert/strict";
import { test } from "node:test";
import { firing, resolved } from "./support/alerts.ts";
import { startRelay } from "./support/relay.ts";
import { startRobots } from "./support/robots.ts";
import { until } from "./support/until.ts";

const CPU = firing("HighCpuUsage");
/** Nobody listens there. */
const NOBODY = "http://127.0.0.1:1";

test("what WeCom could not be told before the restart is told after it", async (t) => {
  const first = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: NOBODY } });
  await first.tell(CPU);
  await until("a failed attempt", async () => (await first.notifications())[0]?.attempts === 1);
  await first.stop();

  const { clock, dataDir } = first;
  clock.advance(60);
  const robots = await startRobots(t);
  const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url };
  const second = await startRelay(t, { env, clock, dataDir });
  assert.match(await robots.message(1), /HighCpuUsage/);
  await second.settled();
  const [told] = await second.notifications();
  assert.deepEqual([told?.state, told?.attempts, told?.reason], ["sent", 2, null]);
});

test("what was told is not told again after a restart", async (t) => {
  const robots = await startRobots(t);
  const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url };
  const first = await startRelay(t, { env });
  await first.tell(CPU);
  await first.settled();
  await first.stop();

  const { clock, dataDir } = first;
  const second = await startRelay(t, { env, clock, dataDir });
  await second.tell(CPU);
  assert.deepEqual(
    (await second.notifications()).map(({ state }) => state),
    ["sent"],
  );
  await second.tell(firing("Another"));
  await second.settled();
  assert.equal(robots.messages.length, 2);
});

test("what waits for a channel that is switched off is visible as failed, not pending for ever", async (t) => {
  const first = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: NOBODY } });
  await first.tell(CPU);
  await first.stop();

  const { clock, dataDir } = first;
  const second = await startRelay(t, { clock, dataDir });
  assert.equal((await second.notifications("channel=wecom"))[0]?.state, "failed");
});

test("what was not yet told is kept, however old, and told", async (t) => {
  const robots = await startRobots(t);
  const settings = {
    config: { retentionDays: 7 },
    env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url },
  };
  robots.answers.push(-1);
  const first = await startRelay(t, settings);
  await first.tell(resolved(CPU));
  await robots.message(1);
  await first.stop();

  const { clock, dataDir } = first;
  clock.advance(8 * 24 * 3600);
  const second = await startRelay(t, { ...settings, clock, dataDir });
  assert.match(await robots.message(2), /已恢复/);
  await second.settled();
});

test("history older than retention_days is dropped at the start, the rest kept", async (t) => {
  const first = await startRelay(t, { config: { retentionDays: 7 } });
  // What still goes on is not history yet.
  await first.tell(resolved(CPU), firing("GoesOn"));
  await first.settled();
  first.clock.advance(6 * 24 * 3600);
  await first.tell(firing("Younger"));
  await first.settled();
  await first.stop();

  const { clock, dataDir } = first;
  clock.advance(1.5 * 24 * 3600);
  const second = await startRelay(t, { config: { retentionDays: 7 }, clock, dataDir });
  assert.deepEqual(
    (await second.alerts()).map(({ labels }) => labels.alertname),
    ["Younger", "GoesOn"],
  );
});
