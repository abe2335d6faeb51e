import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { sample } from "./support/exporter.ts";
import { type FaultyMail, type MailFault, startFaultyMail } from "./support/faulty-mail.ts";
import { startFaultyWecom } from "./support/faulty-wecom.ts";
import { holdTime } from "./support/held-time.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";

const [A, B] = [firing("A"), firing("B")];

interface Story {
  relay: TestRelay;
  mail: FaultyMail;
  /** What WeCom was told meanwhile. */
  told: string[];
  pass(seconds: number): Promise<void>;
  metric(series: string): Promise<number | undefined>;
}

async function begin(t: TestContext): Promise<Story> {
  const clock = fakeClock();
  const [mail, wecom] = await Promise.all([startFaultyMail(t), startFaultyWecom(t)]);
  const env = {
    ...{ SMTP_URL: mail.url, EMAIL_FROM: "m@example.com", EMAIL_TO: "ops@example.com,gone@example.com" },
    ...{ WECOM_ROBOT_KEY: "k", WECOM_API_BASE: wecom.url },
  };
  const time = holdTime(t, clock);
  const relay = await startRelay(t, { env, clock });
  t.after(() => time.pass(60, () => 0));
  return {
    relay,
    mail,
    told: wecom.told,
    pass: (seconds) => time.pass(seconds, () => 0),
    metric: async (series) => sample(await relay.text("/metrics"), series),
  };
}

suite("the mail server fails for a while: told once it does not, and WeCom is told at once", () => {
  const faults: [MailFault, reason: string, attempts: [least: number, most: number]][] = [
    ["never greets", "timeout", [5, 15]],
    ["never answers the message", "timeout", [5, 15]],
    ["dies in the message", "network", [8, 20]],
    ["dies after the message", "network", [8, 20]],
  ];
  for (const [fault, reason, [least, most]] of faults) {
    test(`it ${fault}`, async (t) => {
      const { relay, mail, told, pass, metric } = await begin(t);
      mail.behave(fault);
      await relay.tell(A, B);
      await pass(300);
      await relay.post("/watchdog", webhook(firing("Watchdog")));
      await relay.tell(resolved(B, new Date(relay.clock.now()).toISOString()));
      await pass(300);
      assert.ok(mail.connections >= least && mail.connections <= most, `${mail.connections} attempts`);
      const waiting = await relay.notifications("channel=email&state=pending");
      const tried = waiting.filter(({ attempts }) => attempts > 0);
      assert.deepEqual(new Set(tried.map((one) => one.reason)), new Set([reason]));
      assert.equal(await metric('relay_outbox_pending{channel="email"}'), 3);
      assert.match(told.join("\n"), /\*\*A 发生.*已恢复.*B 发生/s);

      mail.behave(undefined);
      await pass(180);
      assert.ok(mail.taken.length >= 1 && mail.taken.length <= 2, `${mail.taken.length} mails`);
      assert.equal(await metric('relay_outbox_pending{channel="email"}'), 0);
      assert.deepEqual(await relay.notifications("state=failed"), []);
    });
  }
});

test("the mail server greets after 15 s: told, and not given up before", async (t) => {
  const { relay, mail, pass } = await begin(t);
  mail.behave("greets slowly");
  await relay.tell(A);
  await pass(60);
  assert.equal(mail.taken.length, 1);
  assert.equal(mail.connections, 1);
  assert.deepEqual(await relay.notifications("state=pending"), []);
});

test("one recipient refused: the other has it once, and who has not shows in history and metrics", async (t) => {
  const { relay, mail, pass, metric } = await begin(t);
  mail.behave("refuses gone@example.com");
  await relay.tell(A);
  await pass(120);
  assert.deepEqual(mail.taken, [["ops@example.com"]]);
  const [told] = await relay.notifications("channel=email");
  assert.deepEqual([told?.state, told?.reason], ["sent", "receiver"]);
  assert.match(told?.detail ?? "", /gone@example\.com（550）/);
  assert.equal(await metric('relay_notifications_failed_total{channel="email",reason="receiver"}'), 1);
});

test("all recipients refused: failed for good at once, and WeCom tells it", async (t) => {
  const { relay, mail, told, pass, metric } = await begin(t);
  mail.behave("refuses everybody");
  await relay.tell(A);
  await pass(120);
  assert.equal(mail.connections, 1);
  const [failed] = await relay.notifications("channel=email");
  assert.deepEqual([failed?.state, failed?.reason], ["failed", "receiver"]);
  assert.equal(await metric('relay_notifications_failed_total{channel="email",reason="receiver"}'), 1);
  assert.match(told.join(), /A 发生/);
});
