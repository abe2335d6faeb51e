import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startMailServer } from "../helpers/smtp-server.ts";
import { APP, startWecomAppServer } from "../helpers/wecom-app-server.ts";
import { firing, resolved } from "./support/alerts.ts";
import { matchGolden } from "./support/golden.ts";
import { recordingLogger } from "./support/logger.ts";
import { startRelay } from "./support/relay.ts";
import { startRobots } from "./support/robots.ts";

const CPU = firing("HighCpuUsage");
const DOWN = firing("ServiceDown", { severity: "critical" });

suite("GET /api/alerts", () => {
  test("the newest come first; status, span and limit narrow them down", async (t) => {
    const relay = await startRelay(t);
    await relay.tell(CPU);
    relay.clock.advance(60);
    await relay.tell(DOWN);
    relay.clock.advance(60);
    await relay.tell(resolved(CPU));
    const names = async (query: string) => (await relay.alerts(query)).map(({ labels }) => labels.alertname);
    assert.deepEqual(await names(""), ["HighCpuUsage", "ServiceDown"]);
    assert.deepEqual(await names("status=firing"), ["ServiceDown"]);
    assert.deepEqual(await names("limit=1"), ["HighCpuUsage"]);
    assert.deepEqual(await names("since=2026-02-12T13:48:00Z"), ["HighCpuUsage"]);
    assert.deepEqual(await names("until=2026-02-12T13:00:00Z"), []);
    assert.deepEqual(await names("until=2026-02-12T21:46:45%2B08:00"), ["HighCpuUsage", "ServiceDown"]);
  });

  test("a question with a mistake is refused by parameter and reason", async (t) => {
    const relay = await startRelay(t);
    for (const query of ["status=open", "since=today", "limit=0", "limit=1001", "limit=many"]) {
      const response = await fetch(`${relay.url}/api/alerts?${query}`);
      assert.equal(response.status, 400, query);
      const { problems } = (await response.json()) as { problems: { parameter: string }[] };
      assert.deepEqual(
        problems.map(({ parameter }) => parameter),
        [query.replace(/=.*/, "")],
      );
    }
  });
});

test("GET /api/notifications tells what was sent, is queued or failed, with the reason", async (t) => {
  const robots = await startRobots(t);
  const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url } });
  await relay.tell(CPU);
  await relay.settled();
  robots.answers.push(93000);
  await relay.tell(DOWN);
  await relay.settled();

  const [failed, ...others] = await relay.notifications("channel=wecom&state=failed");
  assert.deepEqual(others, []);
  assert.equal(failed?.alert.alertname, "ServiceDown");
  assert.deepEqual([failed?.reason, failed?.detail], ["setup", "errcode 93000：refused, hint: [1234]"]);
  assert.equal((await relay.notifications("state=sent")).length, 1);
  assert.deepEqual(await relay.notifications("channel=email"), []);
});

test("whom a message did not reach is in the history, and the channel counts as failing until it does", async (t) => {
  const wecom = await startWecomAppServer();
  t.after(() => wecom.close());
  const relay = await startRelay(t, {
    env: {
      WECOM_CORP_ID: APP.corpId,
      WECOM_AGENT_ID: String(APP.agentId),
      WECOM_SECRET: APP.secret,
      WECOM_TO_USER: "zhangsan",
      WECOM_API_BASE: wecom.url,
    },
  });
  const failing = async () =>
    (await relay.text("/metrics")).match(
      /^relay_(channel_failing|notifications_failed_total)\{channel="wecom_app"(,reason="receiver")?\} \d/gm,
    );
  const values = async () => (await failing())?.map((line) => Number(line.at(-1)));
  wecom.answers.push({ errcode: 0, unlicenseduser: "lisi" });
  await relay.tell(CPU);
  await relay.settled();
  const [{ state, reason, detail } = {}] = await relay.notifications("channel=wecom_app");
  assert.deepEqual([state, reason, detail], ["sent", "receiver", "成员没有接口许可：lisi"]);
  assert.deepEqual(await values(), [1, 1]);
  await relay.tell(DOWN);
  await relay.settled();
  assert.deepEqual(await values(), [1, 0]);
});

test("GET /api/channels tells what is set up, and how telling went last", async (t) => {
  const robots = await startRobots(t);
  const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url };
  const relay = await startRelay(t, { env, config: { channels: ["wecom"] } });
  const nothing = { sent: null, failed: null, failing: false, pending: 0, pendingSince: null };
  const channels = async () => JSON.parse(await relay.text("/api/channels"));
  assert.deepEqual(await channels(), {
    alertEnabled: true,
    channels: [
      { name: "wecom", setUp: true, enabled: true, ...nothing },
      { name: "wecom_app", setUp: false, enabled: true, ...nothing },
      { name: "email", setUp: false, enabled: false, ...nothing },
    ],
  });
  await relay.tell(CPU);
  await relay.settled();
  relay.clock.advance(60);
  robots.answers.push(93000);
  await relay.tell(DOWN);
  await relay.settled();
  assert.deepEqual((await channels()).channels[0], {
    ...{ name: "wecom", setUp: true, enabled: true, failing: true, pending: 0, pendingSince: null },
    sent: { at: "2026-02-12T13:46:44.000Z" },
    failed: {
      at: "2026-02-12T13:47:44.000Z",
      reason: "setup",
      detail: "errcode 93000：refused, hint: [1234]",
    },
  });
});

suite("POST /api/test", () => {
  test("sends through each channel that is set up, and says how it went", async (t) => {
    const robots = await startRobots(t);
    const mail = await startMailServer();
    t.after(() => mail.close());
    const relay = await startRelay(t, {
      env: {
        WECOM_ROBOT_KEY: "k",
        WECOM_API_BASE: robots.url,
        SMTP_URL: mail.url,
        EMAIL_FROM: "monitor@example.com",
        EMAIL_TO: "ops@example.com",
      },
    });
    robots.answers.push(93000);
    const response = await relay.post("/api/test", "");
    assert.deepEqual(await response.json(), {
      results: [
        {
          channel: "wecom",
          outcome: "failed",
          reason: "setup",
          detail: "errcode 93000：refused, hint: [1234]",
        },
        { channel: "email", outcome: "sent" },
      ],
    });
    assert.match(await robots.message(1), /测试消息.*2026-02-12 21:46:44/s);
    assert.equal(mail.mails[0]?.subject, "【测试】监控告警邮件");
  });

  test("with nothing set up goes to the log, as every message does", async (t) => {
    const { logger, lines } = recordingLogger();
    const relay = await startRelay(t, { logger });
    assert.deepEqual(await (await relay.post("/api/test", "")).json(), {
      results: [{ channel: "log", outcome: "sent" }],
    });
    await relay.tell(DOWN, CPU);
    await relay.settled();
    const messages = lines.flatMap((line) => JSON.parse(line).message ?? []);
    assert.deepEqual(messages, [
      "【测试】没有设置告警渠道，消息写入日志",
      "【严重告警】ServiceDown 发生；【警告】HighCpuUsage 发生",
    ]);
  });
});

test("GET /metrics holds what is promised, every series from 0 on", async (t) => {
  const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: "http://127.0.0.1:1" } });
  const lines = (await relay.text("/metrics")).split("\n").filter((line) => !line.startsWith("# HELP"));
  const scrape = lines.join("\n").replace(/^(process_resident_memory_bytes) \d{7,}$/m, "$1 50000000");
  matchGolden("relay/metrics.txt", `${scrape}\n`);
});
