import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { SMTPServer } from "smtp-server";
import { readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { channelsCheck } from "../../scripts/doctor/channels.ts";
import { heartbeatCheck } from "../../scripts/doctor/heartbeat.ts";
import { mailCheck, wecomCheck } from "../../scripts/doctor/outside.ts";
import { rulesCheck } from "../../scripts/doctor/rules.ts";
import { sendTestCheck } from "../../scripts/doctor/send-test.ts";
import { silencesCheck } from "../../scripts/doctor/silences.ts";
import { untoldCheck } from "../../scripts/doctor/untold.ts";
import { APP, startWecomAppServer } from "../helpers/wecom-app-server.ts";
import { startWecomServer } from "../helpers/wecom-server.ts";
import { FAULTS } from "./support/faulty-wecom.ts";
import { listen } from "./support/server.ts";
import { listenTls } from "./support/tls-server.ts";
import { findings, testView } from "./support/view.ts";

const MAIL = { EMAIL_FROM: "a@example.com", EMAIL_TO: "b@example.com" };
const NOW = Date.parse("2026-02-12T13:46:44Z");

test("channels: none, one of two, one that is not asked for, alerts switched off", async (t) => {
  const view = await testView(t);
  const told = async (env: Record<string, string>, config: object = {}) => {
    view.settings.env = env;
    Object.assign(view.settings.config, { alertEnabled: true, channels: ["wecom", "email"] }, config);
    return findings(channelsCheck, view);
  };
  assert.deepEqual(await told({}), [
    "problem: 一个通知渠道都没有设置 | 告警只写在日志里，谁也收不到 | 在 .env 里填 WECOM_ROBOT_KEY（群机器人），再执行 npm run apply",
  ]);
  assert.deepEqual(await told({ WECOM_ROBOT_KEY: "k" }), [
    "hint: 邮件没有设置 | config.ini 里写了要用它，现在不会发 | 在 .env 里填 SMTP_URL、EMAIL_FROM、EMAIL_TO，再执行 npm run apply",
    "ok: 通知渠道：企业微信群机器人",
  ]);
  assert.deepEqual(
    await told({ WECOM_ROBOT_KEY: "k", SMTP_URL: "smtp://m", ...MAIL }, { channels: ["wecom"] }),
    [
      "hint: 邮件填好了，但没有启用 | 不会往那里发 | 在 config.ini 的 alert_notification_channels 里加上 email，再执行 npm run apply",
      "ok: 通知渠道：企业微信群机器人",
    ],
  );
  assert.deepEqual(await told({ SMTP_URL: "smtps://m:994", ...MAIL }, { channels: ["email"] }), [
    "hint: 告警转发停掉时没有邮件 | 那时由 Alertmanager 自己发邮件，它只会用 465 端口的 smtps | 把 .env 里 SMTP_URL 的端口改成 465，再执行 npm run apply",
    "ok: 通知渠道：邮件",
  ]);
  assert.deepEqual(await told({ WECOM_ROBOT_KEY: "k" }, { alertEnabled: false }), [
    "hint: 告警发送关着：config.ini 里 alert_enabled = false | 告警只记录，谁也收不到 | 改成 alert_enabled = true，再执行 npm run apply",
  ]);
});

test("robots: each key is tried, and nothing is sent", async (t) => {
  const wecom = await startWecomServer(["right-key"]);
  t.after(() => wecom.close());
  const view = await testView(t, {
    env: { WECOM_ROBOT_KEY: "right-key,wrong-key", WECOM_API_BASE: wecom.url },
  });
  assert.deepEqual(await findings(wecomCheck, view), [
    "ok: 企业微信没有拒绝第 1 个机器人的 key（没有发消息）",
    "problem: 企业微信不接受第 2 个机器人：errcode 93000（invalid webhook url） | key 不对，或者机器人已从群里删除，告警发不到群里 | 在群里看机器人的 Webhook 地址，把 key= 后面的部分填进 .env 的 WECOM_ROBOT_KEY，再执行 npm run apply",
  ]);
  assert.deepEqual(wecom.messages, []);
});

test("an application: its secret is tried, and no message is sent", async (t) => {
  const wecom = await startWecomAppServer();
  t.after(() => wecom.close());
  const env = {
    WECOM_CORP_ID: APP.corpId,
    WECOM_AGENT_ID: String(APP.agentId),
    WECOM_TO_USER: "zhangsan",
    WECOM_API_BASE: wecom.url,
  };
  const view = await testView(t, { env: { ...env, WECOM_SECRET: APP.secret } });
  assert.deepEqual(await findings(wecomCheck, view), [
    "ok: 企业微信应用的企业 ID 和 Secret 有效（AgentId 和成员要发消息才知道）",
  ]);
  view.settings.env = { ...env, WECOM_SECRET: "another" };
  assert.deepEqual(await findings(wecomCheck, view), [
    "problem: 企业微信不接受应用：errcode 40001（refused） | 告警发不到成员手机上；反复用错的 Secret 会被封一小时 | 核对 .env 里的 WECOM_CORP_ID 和 WECOM_SECRET，再执行 npm run apply",
  ]);
  assert.deepEqual(wecom.delivered, []);
});

for (const [fault, what] of [
  ["a page", "HTTP 200，应答不是企业微信的格式：请检查 WECOM_API_BASE 和代理"],
  ["HTTP 500", "HTTP 500"],
  ["a connection that breaks", "无法连接企业微信（ECONNRESET）"],
] as const) {
  test(`WeCom that answers with ${fault}`, async (t) => {
    const url = await listen(t, FAULTS[fault]);
    const view = await testView(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: url } });
    const [told = ""] = await findings(wecomCheck, view);
    assert.ok(told.startsWith(`problem: ${what} | 告警发不到企业微信，会排队重试 | `), told);
    assert.ok(told.endsWith(`：curl -sI ${url}`), told);
  });
}

for (const [errcode, told] of [
  [-1, "unchecked: 群机器人的 key | 企业微信正忙，errcode -1"],
  [45009, "ok: 群机器人的 key 有效，这一分钟的条数用完了"],
] as const) {
  test(`a robot that WeCom answers with ${errcode}`, async (t) => {
    const url = await listen(t, (_, response) => response.end(JSON.stringify({ errcode, errmsg: "hint" })));
    const view = await testView(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: url } });
    assert.deepEqual(await findings(wecomCheck, view), [told]);
  });
}

/** @returns SMTP_URL of a server on loopback with this password */
async function mailServer(t: TestContext, password: string): Promise<string> {
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth: (auth, _session, done) =>
      auth.password === password ? done(null, { user: "user" }) : done(new Error("no")),
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return `smtp://user:right@127.0.0.1:${(server.server.address() as AddressInfo).port}`;
}

async function mailFinding(t: TestContext, url: string): Promise<string> {
  const view = await testView(t, { env: { SMTP_URL: url, ...MAIL } });
  return (await findings(mailCheck, view)).join().replaceAll(/:\d{4,5}/g, ":PORT");
}

test("mail: the right password, a wrong one, nobody there, a certificate that nobody knows, TLS mixed up", async (t) => {
  const right = await mailServer(t, "right");
  assert.equal(await mailFinding(t, right), "ok: 邮件服务器 127.0.0.1 能登录（没有发邮件）");
  assert.equal(
    await mailFinding(t, await mailServer(t, "another")),
    "problem: 邮件服务器 127.0.0.1:PORT 不接受用户名或密码（535） | 告警邮件发不出去 | 核对 .env 里的 SMTP_URL：密码常常要用邮箱的“授权码”，特殊字符写成 %40 这样；再执行 npm run apply",
  );
  assert.match(
    await mailFinding(t, "smtp://127.0.0.1:1"),
    /^problem: 连不上邮件服务器 127\.0\.0\.1:1（ESOCKET|ECONNECTION）/,
  );
  const tls = (await listenTls(t)).url.replace("https:", "smtps:");
  assert.match(await mailFinding(t, tls), /^problem: 邮件服务器 127\.0\.0\.1:PORT 的证书不可信 \| /);
  assert.match(
    await mailFinding(t, right.replace("smtp:", "smtps:")),
    /^problem: 邮件服务器 127\.0\.0\.1:PORT 的加密方式不对 \| 告警邮件发不出去 \| 465 端口用 smtps:\/\//,
  );
});

test("what is not wanted is not asked", async (t) => {
  const env = {
    WECOM_ROBOT_KEY: "k",
    WECOM_API_BASE: "http://127.0.0.1:1",
    SMTP_URL: "smtp://127.0.0.1:1",
    ...MAIL,
  };
  const view = await testView(t, { env, config: { alertEnabled: false } });
  assert.deepEqual([...(await findings(wecomCheck, view)), ...(await findings(mailCheck, view))], []);
  assert.ok(readChannelSettings(env).email);
});

const METRICS = `relay_outbox_oldest_seconds{channel="wecom"} 600
relay_channel_failing{channel="wecom"} 1
relay_channel_failing{channel="email"} 0
relay_watchdog_age_seconds 40
`;
const failed = (channel: string, createdAt: string, reason: string, detail: string) => ({
  channel,
  createdAt,
  reason,
  detail,
});

test("what was not told lately, and what waits", async (t) => {
  const notifications = [
    failed("wecom", "2026-02-12T13:00:00Z", "setup", "errcode 93000：invalid webhook url"),
    failed("wecom", "2026-02-12T12:00:00Z", "setup", "errcode 93000：older"),
    failed("email", "2026-02-12T10:00:00Z", "receiver", "邮件服务器应答 550（EENVELOPE）"),
    failed("email", "2026-02-10T10:00:00Z", "content", "long ago"),
  ];
  const answers = { relay: { "/metrics": METRICS, "/api/notifications": { notifications } } };
  const view = await testView(t, { answers, now: NOW });
  assert.deepEqual(await findings(untoldCheck, view), [
    "problem: 企业微信群机器人的通知等了 10 分钟还没有发出 | 会一直重试，但现在收不到告警 | 先看企业微信、邮件有没有报别的问题；没有就看 docs/runbooks/NotificationBacklog.md",
    "problem: 企业微信群机器人在 24 小时内有 2 条通知没有送达 | 最近一条也失败了：errcode 93000：invalid webhook url | 核对 .env，改好后执行 npm run apply，再发测试消息",
    "hint: 邮件在 24 小时内有 1 条通知没有送达 | 后来又通了。当时：邮件服务器应答 550（EENVELOPE） | 错过的内容：npm run alerts",
  ]);
});

const HEALTHY_PIPELINE = {
  relay: { "/metrics": METRICS },
  prometheus: {
    // Nobody answers there, as nobody of the stack.
    "/api/v1/alertmanagers": { data: { activeAlertmanagers: [{ url: "http://localhost:1/api/v2/alerts" }] } },
    "/api/v1/query": { data: { result: [] } },
  },
};

test("the pipeline: whole, silent, cut off, refused", async (t) => {
  const whole = await testView(t, { answers: HEALTHY_PIPELINE });
  assert.deepEqual(await findings(heartbeatCheck, whole), [
    "ok: 心跳 40 秒前到过告警转发",
    "ok: Prometheus 知道 Alertmanager 在哪",
    "ok: Alertmanager 的通知都交出去了",
  ]);
  const broken = await testView(t, {
    answers: {
      relay: { "/metrics": "relay_watchdog_age_seconds 420\n" },
      prometheus: {
        "/api/v1/alertmanagers": { data: { activeAlertmanagers: [] } },
        "/api/v1/query": { data: { result: [{ metric: { integration: "webhook" }, value: [0, "3"] }] } },
      },
    },
  });
  assert.deepEqual(await findings(heartbeatCheck, broken), [
    "problem: 告警转发已 7 分钟没有收到心跳 | Prometheus 到 Alertmanager 再到告警转发的路上断了，告警到不了 | 先处理停掉的部分（npm start）；都在运行就看 docs/runbooks/WatchdogSilent.md",
    "problem: Prometheus 不知道 Alertmanager 在哪 | 告警到不了 Alertmanager，谁也收不到 | git diff prometheus/targets/alertmanager.yml 看改了什么，恢复后 npm run apply",
    "problem: 10 分钟内 Alertmanager 有通知交不出去（给告警转发） | 告警可能收不到 | 刚恢复的等几分钟；还在发生就看 tail -n 20 .stack/logs/alertmanager.log",
  ]);
  const elsewhere = { data: { activeAlertmanagers: [{ url: "http://localhost:29999/api/v2/alerts" }] } };
  const astray = await testView(t, {
    answers: {
      ...HEALTHY_PIPELINE,
      prometheus: { ...HEALTHY_PIPELINE.prometheus, "/api/v1/alertmanagers": elsewhere },
    },
  });
  assert.match(
    (await findings(heartbeatCheck, astray))[1] ?? "",
    /^problem: Prometheus 把告警送到 localhost:29999，Alertmanager 不在那里 \| /,
  );
  const mute = await testView(t, { answers: { relay: { "/metrics": METRICS } } });
  assert.deepEqual(await findings(heartbeatCheck, mute), [
    "ok: 心跳 40 秒前到过告警转发",
    "unchecked: 告警管道 | Prometheus 没有应答",
    "unchecked: 告警管道 | Prometheus 没有应答",
  ]);
});

test("just after the start Prometheus may not know Alertmanager yet", async (t) => {
  const prometheus = {
    ...HEALTHY_PIPELINE.prometheus,
    "/api/v1/alertmanagers": { data: { activeAlertmanagers: [] } },
  };
  const view = await testView(t, { answers: { ...HEALTHY_PIPELINE, prometheus }, since: Date.now() - 5000 });
  assert.equal(
    (await findings(heartbeatCheck, view))[1],
    "unchecked: Prometheus 不知道 Alertmanager 在哪 | Prometheus 刚启动，一分钟后再查",
  );
});

test("rules that cannot be evaluated, and none at all", async (t) => {
  const rules = [
    { name: "HighCpuUsage", health: "ok" },
    { name: "ServiceDown", health: "err", lastError: "many-to-many matching" },
  ];
  const told = async (list: object[]) =>
    findings(
      rulesCheck,
      await testView(t, {
        answers: { prometheus: { "/api/v1/rules": { data: { groups: [{ rules: list }] } } } },
      }),
    );
  assert.deepEqual(await told(rules), [
    "problem: 规则 ServiceDown 算不出来 | 它不会告警。原因：many-to-many matching | 改 prometheus/rules 里的这一条，再 npm run apply",
  ]);
  assert.deepEqual(await told(rules.slice(0, 1)), ["ok: 1 条规则都能计算"]);
  assert.match((await told([]))[0] ?? "", /^problem: Prometheus 没有任何告警规则 /);
});

test("silences that are in force, in the operator's time; one over everything is a problem", async (t) => {
  const silence = (id: string, state: string, matcher: object, endsAt = "2026-02-12T16:00:00.000Z") => ({
    id,
    status: { state },
    endsAt,
    createdBy: "张三",
    matchers: [{ name: "alertname", value: "HighCpuUsage", isRegex: false, isEqual: true }, matcher],
  });
  const some = { name: "mountpoint", value: "/data.*", isRegex: true, isEqual: false };
  const any = { name: "alertname", value: ".*", isRegex: true, isEqual: true };
  const told = async (silencedBy: string[]) => {
    const silences = [
      silence("a1", "active", some),
      silence("b2", "active", any, "2035-12-31T16:00:00.000Z"),
      silence("c3", "expired", some),
    ];
    const heartbeat = [{ status: { silencedBy } }];
    const answers = {
      alertmanager: {
        "/api/v2/silences": silences,
        "/api/v2/alerts?filter=alertname%3D%22Watchdog%22": heartbeat,
      },
    };
    const view = await testView(t, { answers, now: NOW });
    const url = view.ask.url("alertmanager") ?? "";
    return (await findings(silencesCheck, view)).map((line) => line.replace(url, "URL"));
  };
  const quiet =
    "hint: 静默中：alertname 是 HighCpuUsage，mountpoint 不匹配 /data.* | 到 02-13 00:00 为止不通知，张三 设的 | 不该静默就结束它：curl -X DELETE URL/api/v2/silence/a1";
  assert.equal((await told([]))[0], quiet);
  assert.deepEqual(await told(["b2"]), [
    quiet,
    "problem: 静默盖住了所有告警：alertname 是 HighCpuUsage，alertname 匹配 .* | 到 2036-01-01 00:00 为止什么都不通知，张三 设的 | 结束它：curl -X DELETE URL/api/v2/silence/b2",
  ]);
});

test("a test message that is really sent: each channel's outcome", async (t) => {
  const results = [
    { channel: "wecom", sender: "机器人 1", outcome: "sent" },
    { channel: "wecom", sender: "机器人 2", outcome: "failed", reason: "setup", detail: "errcode 93000：no" },
    { channel: "wecom_app", outcome: "sent", undelivered: "lisi" },
    { channel: "email", outcome: "wait", until: "2026-02-12T13:47:00.000Z" },
  ];
  let asked: unknown;
  const view = await testView(t, {
    env: { RELAY_TOKEN: "relay-token" },
    answers: {
      relay: (request, response) => {
        asked = [request.method, request.url, request.headers.authorization];
        response.end(JSON.stringify({ results }));
      },
    },
  });
  assert.deepEqual(await findings(sendTestCheck, view), [
    "ok: 企业微信群机器人（机器人 1）的测试消息已发出，请到手机上看",
    "problem: 企业微信群机器人（机器人 2）的测试消息没有发出 | errcode 93000：no | 核对 .env，改好后执行 npm run apply，再发测试消息",
    "problem: 企业微信应用的测试消息有人收不到 | lisi | 核对 .env 里的收件人，改好后执行 npm run apply",
    "problem: 邮件没有发测试消息 | 这一分钟的条数用完了 | 一分钟后再试",
  ]);
  assert.deepEqual(asked, ["POST", "/api/test", "Bearer relay-token"]);
  const refusing = await testView(t, { answers: { relay: { "/api/test": 401 } } });
  assert.deepEqual(await findings(sendTestCheck, refusing), [
    "problem: 告警转发不接受 .env 里的 RELAY_TOKEN | 没有发测试消息 | npm run apply 之后再试",
  ]);
});
