import assert from "node:assert/strict";
import { test } from "node:test";
import { printAlerts } from "../../scripts/alerts/print.ts";
import { readActive, readHistory } from "../../scripts/alerts/read.ts";
import { parseSince } from "../../scripts/alerts/since.ts";
import { NoAnswerError } from "../../scripts/stack/ask.ts";
import { StackError } from "../../scripts/stack/project.ts";
import { testView } from "./support/view.ts";

const NOW = Date.parse("2026-02-12T13:46:44Z");
const active = (alertname: string, severity: string, state: string, labels: object = {}) => ({
  labels: { alertname, severity, ...labels },
  annotations: { summary: `${alertname} 的标题` },
  startsAt: "2026-02-12T11:46:44Z",
  status: { state },
});
const notification = (channel: string, changes: object) => ({
  channel,
  status: "firing",
  state: "sent",
  createdAt: "2026-02-12T11:47:00Z",
  attempts: 1,
  finishedAt: "2026-02-12T11:47:00Z",
  reason: null,
  detail: null,
  ...changes,
});
const history = {
  alerts: [
    {
      labels: { alertname: "ServiceDown", severity: "critical", service: "客服\u001b[31m" },
      annotations: { summary: "服务故障" },
      status: "resolved",
      startsAt: "2026-02-12T11:46:44Z",
      endsAt: "2026-02-12T12:46:44Z",
      notifications: [
        notification("wecom", {}),
        notification("email", { state: "failed", reason: "setup", detail: "邮件服务器应答 535（EAUTH）" }),
        notification("wecom", { status: "resolved", finishedAt: "2026-02-12T12:47:00Z" }),
      ],
    },
    {
      labels: { alertname: "HighCpuUsage", severity: "warning" },
      annotations: {},
      status: "firing",
      startsAt: "2026-02-12T10:00:00Z",
      endsAt: null,
      notifications: [
        notification("wecom_app", { state: "pending", finishedAt: null, detail: "errcode 45009：slow" }),
      ],
    },
    {
      labels: { alertname: "Quiet", severity: "info" },
      annotations: {},
      status: "firing",
      startsAt: "2026-02-12T09:00:00Z",
      endsAt: null,
      notifications: [],
    },
  ],
};

test("what fires, the worst first, and what was told to whom", async (t) => {
  let asked = "";
  const view = await testView(t, {
    now: NOW,
    answers: {
      alertmanager: {
        "/api/v2/alerts": [
          active("Watchdog", "info", "active"),
          active("SomebodysOwn", "page", "active"),
          active("HighCpuUsage", "warning", "suppressed"),
          active("ServiceDown", "critical", "active", { service: "客服" }),
        ],
      },
      relay: (request, response) => {
        asked = decodeURIComponent(request.url ?? "");
        response.end(JSON.stringify(history));
      },
    },
  });
  const firing = await readActive(view);
  const said = await readHistory(view, NOW - 3600_000, 20);
  assert.equal(asked, "/api/alerts?since=2026-02-12T12:46:44.000Z&limit=20");
  assert.equal(said, JSON.stringify(history), "the relay's own answer");
  assert.equal(
    printAlerts(firing, said, view),
    `现在有 3 条告警：
🔴 ServiceDown 的标题（客服）
   02-12 19:46 起，已 2 小时
🟠 HighCpuUsage 的标题
   02-12 19:46 起，已 2 小时，不通知（静默或抑制）
⚪ SomebodysOwn 的标题
   02-12 19:46 起，已 2 小时

历史，3 条，新的在前：
🔴 服务故障（客服 [31m）
   02-12 19:46 至 02-12 20:46；企业微信群机器人恢复已发 02-12 20:47，邮件告警没有送达：邮件服务器应答 535（EAUTH）
🟠 HighCpuUsage
   02-12 18:00 起；企业微信应用告警在排队：errcode 45009：slow
🔵 Quiet
   02-12 17:00 起；没有通知（当时 alert_enabled = false）
`,
  );
});

test("nothing fires, and one of the two does not answer", async (t) => {
  const view = await testView(t, { answers: { alertmanager: { "/api/v2/alerts": [] } }, now: NOW });
  const firing = await readActive(view);
  const error = await readHistory(view, NOW, 20).catch((error: NoAnswerError) => error);
  assert.ok(error instanceof NoAnswerError);
  assert.equal(
    printAlerts(firing, error, view),
    "✅ 现在没有告警\n\n❌ 看不到告警历史：告警转发 没有应答（npm run doctor）\n",
  );
  assert.equal(
    printAlerts(error, '{"alerts":[]}', view),
    "❌ 不知道现在有没有告警：告警转发 没有应答（npm run doctor）\n\n历史：这段时间没有告警（更早的：npm run alerts -- --since 7d）\n",
  );
});

test("nothing fires yet, as Alertmanager has just started", async (t) => {
  const view = await testView(t, { now: NOW, since: NOW - 10_000 });
  assert.match(
    printAlerts([], '{"alerts":[]}', view),
    /^❔ 还不知道现在有没有告警：Alertmanager 刚启动，一分钟后再看\n/,
  );
});

test("spans and times to look back to", () => {
  assert.equal(NOW - parseSince("30m", NOW), 30 * 60_000);
  assert.equal(NOW - parseSince("24h", NOW), 24 * 3600_000);
  assert.equal(NOW - parseSince("7d", NOW), 7 * 24 * 3600_000);
  assert.equal(parseSince("99999999999d", NOW), 0);
  assert.equal(parseSince("2026-02-12T21:46:44+08:00", NOW), NOW);
  for (const text of ["", "24", "1w", "2026-02-12", "2026-13-12T00:00:00Z"]) {
    assert.throws(() => parseSince(text, NOW), StackError, text);
  }
});
