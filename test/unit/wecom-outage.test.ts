import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { sample } from "./support/exporter.ts";
import { FAULTS, type FaultyWecom, startFaultyWecom } from "./support/faulty-wecom.ts";
import { holdTime } from "./support/held-time.ts";
import { recordingLogger } from "./support/logger.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";
import { until } from "./support/until.ts";

const HOUR = 3600;
/** Of an hour with at least a minute between two, and the first few at 1, 2, 4 … s. */
const MOST_ATTEMPTS = 75;

const critical = (name: string) => firing(name, { severity: "critical" });
const [LASTS, ENDS, LATE] = [critical("Lasts"), critical("Ends"), critical("Late")];

interface Story {
  relay: TestRelay;
  wecom: FaultyWecom;
  pass(seconds: number): Promise<void>;
  /** Messages that the relay tried to send. */
  attempts(): number;
  metric(series: string): Promise<number | undefined>;
}

async function begin(t: TestContext): Promise<Story> {
  const clock = fakeClock();
  const wecom = await startFaultyWecom(t);
  const time = holdTime(t, clock);
  const { logger, lines } = recordingLogger();
  const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: wecom.url };
  const relay = await startRelay(t, { env, clock, logger });
  await relay.tell(critical("Before"));
  await time.pass(0, () => wecom.held);
  assert.equal(wecom.told.length, 1);
  return {
    relay,
    wecom,
    pass: (seconds) => time.pass(seconds, () => wecom.held),
    attempts: () => lines.filter((line) => /"msg":"(will try again|failed for good|sent)"/.test(line)).length,
    metric: async (series) => sample(await relay.text("/metrics"), series),
  };
}

/** An hour in which one alert begins, one begins and ends, and a third begins late. */
async function troubledHour({ relay, pass }: Story): Promise<void> {
  const heartbeat = () => relay.post("/watchdog", webhook(firing("Watchdog")));
  await heartbeat();
  await relay.tell(LASTS, ENDS);
  await pass(HOUR / 3);
  await heartbeat();
  await relay.tell(resolved(ENDS, new Date(relay.clock.now()).toISOString()));
  await pass(HOUR / 3);
  await heartbeat();
  // Alertmanager repeats what it could not know to be told.
  await relay.tell(LASTS, LATE);
  await pass(HOUR / 3);
}

suite("an hour in which WeCom cannot be told: nothing is lost, and each is told as it is by then", () => {
  const reasons: Record<string, { fault: keyof typeof FAULTS | undefined; reason: string }> = {
    "nobody listens": { fault: undefined, reason: "network" },
    "it hangs": { fault: "hanging", reason: "timeout" },
    "it answers garbage": { fault: "garbage", reason: "server" },
    "it answers half of its JSON": { fault: "half JSON", reason: "server" },
    "it answers a page": { fault: "a page", reason: "server" },
    "it answers HTTP 500": { fault: "HTTP 500", reason: "server" },
    "it resets each connection": { fault: "a connection that breaks", reason: "network" },
    "it breaks off in its answer": { fault: "an answer that breaks off", reason: "network" },
  };
  for (const [name, { fault, reason }] of Object.entries(reasons)) {
    test(name, async (t) => {
      const story = await begin(t);
      const { relay, wecom, pass, metric } = story;
      if (fault === undefined) await wecom.leave();
      else wecom.behave(FAULTS[fault]);
      const before = story.attempts();
      await troubledHour(story);
      const attempts = story.attempts() - before;
      assert.ok(attempts >= 20 && attempts <= MOST_ATTEMPTS, `${attempts} attempts`);
      const waiting = await relay.notifications("state=pending");
      const tried = waiting.filter((told) => told.attempts > 0);
      assert.deepEqual(new Set(tried.map((told) => told.reason)), new Set([reason]));
      assert.equal(await metric('relay_outbox_pending{channel="wecom"}'), waiting.length);
      assert.equal(await metric('relay_outbox_oldest_seconds{channel="wecom"}'), HOUR);
      assert.deepEqual(await relay.notifications("state=failed"), []);

      if (fault === undefined) await wecom.comeBack();
      wecom.behave(undefined);
      await pass(90);
      assertToldOnce(wecom.told.slice(1));
      assert.equal(await metric('relay_outbox_pending{channel="wecom"}'), 0);
      assert.equal(await metric('relay_outbox_oldest_seconds{channel="wecom"}'), 0);
      assert.deepEqual(await relay.notifications("state=failed"), []);
    });
  }
});

/** Each once, in its newest state. */
function assertToldOnce(told: string[]): void {
  const text = told.join("\n\n");
  for (const name of ["Lasts", "Ends", "Late"])
    assert.equal(text.match(new RegExp(`\\*\\*${name} 发生\\*\\*`, "g"))?.length, 1, `${name} in ${text}`);
  assert.match(text, /✅ <font color="info">\*\*已恢复（严重告警）\*\*<\/font> \*\*Ends 发生/);
  assert.match(text, /注意：开始时没有来得及通知/);
  assert.match(text, /持续时间：20 分/);
}

test("WeCom's answer has no end: it is not read to it", async (t) => {
  const { wecom, relay, pass } = await begin(t);
  wecom.behave((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, " ")));
    };
    response.on("drain", more);
    more();
  });
  await relay.tell(LASTS);
  const reason = async () => (await relay.notifications("state=pending"))[0]?.reason;
  assert.equal(await until("it gives up", async () => (await reason()) ?? undefined), "server");
  wecom.behave(undefined);
  await pass(60);
  assert.deepEqual(await relay.notifications("state=pending"), []);
});

test("WeCom takes 3 s for each message: all is told at once, one by one", async (t) => {
  const { wecom, relay, pass } = await begin(t);
  wecom.behave(FAULTS.slow);
  for (let number = 0; number < 10; number += 1) await relay.tell(critical(`Alert${number}.`));
  await pass(60);
  const text = wecom.told.join("\n");
  for (let number = 0; number < 10; number += 1)
    assert.equal(text.match(new RegExp(`Alert${number}\\. 发生\\*\\*`, "g"))?.length, 1);
  assert.deepEqual(await relay.notifications("state=pending"), []);
});

for (const [fault, reason, tries] of [
  ["busy", "busy", 3],
  ["refusing", "setup", 1],
] as const) {
  test(`WeCom is ${fault} for an hour: given up after ${tries}, visible as failed, and the next is told`, async (t) => {
    const story = await begin(t);
    const { wecom, relay, pass, metric } = story;
    wecom.behave(FAULTS[fault]);
    const before = story.attempts();
    await troubledHour(story);
    const failed = await relay.notifications("state=failed");
    const names = new Set(failed.map(({ alert, status }) => `${alert.alertname} ${status}`));
    assert.deepEqual(names, new Set(["Lasts firing", "Ends firing", "Ends resolved", "Late firing"]));
    assert.ok(failed.every((told) => told.reason === reason && (told.detail ?? "") !== ""));
    // Three webhooks.
    assert.ok(story.attempts() - before <= 3 * tries, `${story.attempts() - before} attempts`);
    assert.equal(
      await metric(`relay_notifications_failed_total{channel="wecom",reason="${reason}"}`),
      failed.length,
    );
    assert.equal(await metric('relay_outbox_pending{channel="wecom"}'), 0);

    wecom.behave(undefined);
    await relay.tell(critical("After"));
    await pass(90);
    assert.match(wecom.told.slice(1).join("\n"), /After 发生/);
  });
}
