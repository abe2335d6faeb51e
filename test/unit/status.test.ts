import assert from "node:assert/strict";
import { test } from "node:test";
import type { PartState } from "../../scripts/stack/view.ts";
import { printStatus } from "../../scripts/status/print.ts";
import { readStatus } from "../../scripts/status/read.ts";
import { testView } from "./support/view.ts";

const NOW = Date.parse("2026-02-12T13:46:44Z");
const STATUS = {
  timestamp: "2026-02-12T13:46:44.000Z",
  monitoring_enabled: true,
  service_status: "down",
  metrics_port: 8001,
  alert_enabled: true,
  cpu_usage: 12.34,
  memory_usage: null,
  disk_usage: 41.7,
  response_time: 0.2,
};
const alert = (alertname: string, severity: string, state = "active") => ({
  labels: { alertname, severity },
  status: { state },
});
const channel = (name: string) => ({
  name,
  setUp: true,
  enabled: true,
  sent: null,
  failed: null,
  failing: false,
  pending: 0,
});
const ANSWERS = {
  exporter: {
    "/-/ready": "OK",
    "/api/status": STATUS,
    "/metrics":
      'wecom_daily_messages{day="today"} 12\nwecom_daily_messages{day="yesterday"} 7\n' +
      'monitoring_collector_success{collector="cpu"} 1\nmonitoring_collector_success{collector="events"} 0\n' +
      'monitoring_collector_success{collector="disk"} 0\n',
  },
  relay: {
    "/-/ready": "OK",
    "/api/channels": {
      alertEnabled: true,
      channels: [
        { ...channel("wecom"), sent: { at: "2026-02-12T13:40:00.000Z" }, failing: true, pending: 3 },
        channel("email"),
        { ...channel("wecom_app"), setUp: false },
      ],
    },
  },
  alertmanager: {
    "/-/ready": "OK",
    "/api/v2/alerts": [
      alert("Watchdog", "info"),
      alert("ServiceDown", "critical"),
      alert("HighCpuUsage", "warning", "suppressed"),
      alert("SomebodysOwn", "page"),
      { labels: { alertname: "WithoutAny" }, status: { state: "active" } },
    ],
  },
};

test("the parts, the figures, the alerts and the channels", async (t) => {
  const view = await testView(t, {
    answers: ANSWERS,
    dead: ["prometheus"],
    absent: ["grafana"],
    now: NOW,
    since: NOW - 3 * 3600_000,
  });
  const status = await readStatus(view);
  assert.equal(status.healthy, false);
  assert.deepEqual(status.alerts, { critical: 1, warning: 0, info: 0, other: 2, silenced: 1 });
  assert.deepEqual(status.channels, [
    { name: "wecom", lastSuccess: "2026-02-12T13:40:00.000Z", pending: 3, failing: true },
    { name: "email", lastSuccess: null, pending: 0, failing: false },
  ]);
  assert.deepEqual(status.figures, { ...STATUS, messages_today: 12, failing_collectors: ["events", "disk"] });
  assert.deepEqual(status.parts[0], {
    name: "relay",
    state: "healthy",
    since: "2026-02-12T10:46:44.000Z",
    url: view.ask.url("relay"),
  });
  const relay = view.ask.url("relay");
  assert.equal(
    printStatus(status, view).replace(`${relay}`, "RELAY"),
    `✅ 正常      告警转发      已运行 3 小时  RELAY
✅ 正常      Alertmanager  已运行 3 小时  http://localhost:1
✅ 正常      采集程序      已运行 3 小时  http://localhost:1
❌ 意外停了  Prometheus                   http://localhost:1
➖ 没有启动  Grafana

CPU 12.3%，内存 —，磁盘 41.7%，有服务无法访问，今日消息 12，❌ 业务事件无法保存，❌ 取不到数据：磁盘
告警：严重 1，其他 2，不通知（静默或抑制） 1（npm run alerts）
通知：企业微信群机器人 上次成功 02-12 21:40，❌ 最近一条失败，排队 3 条
通知：邮件 还没有发过

原因和办法：npm run doctor
`,
  );
  const narrow = printStatus(status, view, 40).replace(`${relay}`, "RELAY").split("\n").slice(0, 9);
  assert.deepEqual(narrow, [
    "✅ 正常 告警转发 已运行 3 小时",
    "   RELAY",
    "✅ 正常 Alertmanager 已运行 3 小时",
    "   http://localhost:1",
    "✅ 正常 采集程序 已运行 3 小时",
    "   http://localhost:1",
    "❌ 意外停了 Prometheus",
    "   http://localhost:1",
    "➖ 没有启动 Grafana",
  ]);
});

test("what does not answer is said to be down, and costs its own figures only", async (t) => {
  const view = await testView(t, { answers: { exporter: ANSWERS.exporter }, now: NOW });
  const status = await readStatus(view);
  assert.deepEqual([status.alerts, status.channels], [null, null]);
  assert.deepEqual(
    status.parts.map(({ state }) => state),
    ["unhealthy", "unhealthy", "healthy", "unhealthy", "unhealthy"],
  );
  const printed = printStatus(status, view);
  assert.match(printed, /告警：Alertmanager 没有应答\n通知：告警转发没有应答\n/);
  assert.match(printed, /CPU 12\.3%/);
});

test("an Alertmanager that has just started does not know yet what fires", async (t) => {
  const alertmanager = { "/-/ready": "OK", "/api/v2/alerts": [] };
  const told = async (since: number) => {
    const view = await testView(t, { answers: { ...ANSWERS, alertmanager }, now: NOW, since });
    const status = await readStatus(view);
    return { alerts: status.alerts, printed: printStatus(status, view) };
  };
  const young = await told(NOW - 10_000);
  assert.equal(young.alerts, null);
  assert.match(young.printed, /^告警：还不知道，Alertmanager 刚启动，一分钟后再看$/m);
  const old = await told(NOW - 100_000);
  assert.equal(old.alerts?.critical, 0);
  assert.match(old.printed, /^告警：没有$/m);
});

test("settings that are refused cost the addresses for people alone", async (t) => {
  const view = await testView(t, { answers: ANSWERS, env: { PUBLIC_GRAFANA_URL: "grafana" } });
  view.refused = new Error("wrong");
  const { parts } = await readStatus(view);
  assert.deepEqual(parts[0], { ...parts[0], state: "healthy", url: view.ask.url("relay") });
  assert.deepEqual(parts[1], { ...parts[1], state: "healthy", url: view.ask.url("alertmanager") });
});

test("what makes the daily backups is a part where they are wanted", async (t) => {
  const grafana = { "/api/health": "{}" };
  const ready = { "/-/ready": "OK" };
  const answers = { ...ANSWERS, prometheus: ready, grafana };
  const told = async (keep: number, backup?: Partial<PartState>) => {
    const view = await testView(t, { answers, config: { backup: { keep, hour: 3 } } });
    const { parts } = view.runtime as { parts: Record<string, PartState> };
    if (backup) parts.backup = { isRunning: true, isHealthy: true, since: NOW, url: undefined, ...backup };
    const status = await readStatus(view);
    return { healthy: status.healthy, part: status.parts[5], printed: printStatus(status, view) };
  };
  const { healthy, part } = await told(0);
  assert.deepEqual([healthy, part], [true, undefined]);
  const running = await told(7, {});
  assert.deepEqual(
    [running.healthy, running.part],
    [true, { name: "backup", state: "healthy", since: "2026-02-12T13:46:44.000Z", url: null }],
  );
  const dead = await told(7, { isRunning: false });
  assert.equal(dead.healthy, false);
  assert.match(dead.printed, /^❌ 意外停了 +每日备份$/m);
  const absent = await told(7);
  assert.equal(absent.healthy, false);
  assert.match(absent.printed, /^➖ 没有启动 +每日备份$/m);
});
