import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Expected, type ExpectedRule, readExpected } from "../../scripts/stack/expected.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { hasLoaded, ReloadError, type ReloadedServer, reload } from "../../scripts/stack/reload.ts";
import type { Report } from "../../scripts/stack/report.ts";
import { listen } from "./support/server.ts";
import { type Shown, serverDouble, shown } from "./support/server-doubles.ts";

const DEADLINES = { reload: { alertmanager: 200, prometheus: 200 }, values: 300 };
const EXPECTED = readExpected(PROJECT);
const STEP = { progress() {}, done() {}, fail() {} };
const REPORT: Report = { begin: () => STEP, line() {}, warn() {} };

/** @param change what a server that has the committed files shows otherwise */
async function reloading(t: TestContext, server: ReloadedServer, change: (state: Shown) => void = () => {}) {
  const state = shown(structuredClone(EXPECTED));
  change(state);
  const url = await listen(t, serverDouble(state));
  return reload(server, url, EXPECTED, { report: REPORT, deadlines: DEADLINES });
}

test("the committed files are read as the servers read them", () => {
  const { jobs, targets, rules } = EXPECTED.prometheus;
  assert.deepEqual(jobs, ["alertmanager", "grafana", "prometheus", "relay", "wecom_legal_service"]);
  assert.deepEqual(targets.wecom_legal_service, ["localhost:8001"]);
  const cpu = rules.find(({ labels }) => labels.alert === "HighCpuUsage");
  assert.deepEqual(cpu, {
    group: "thresholds",
    kind: "recording",
    name: "monitoring:threshold",
    expr: "80",
    labels: { alert: "HighCpuUsage" },
    annotations: {},
  });
  assert.ok(rules.some(({ name, kind }) => name === "Watchdog" && kind === "alerting"));
});

for (const server of ["alertmanager", "prometheus"] as const) {
  test(`${server} that shows the new files has taken them`, async (t) => {
    await reloading(t, server);
  });

  test(`${server} gives the reason why it does not take them`, async (t) => {
    const refusing = (state: Shown) => {
      state.onReload = (response) => response.writeHead(500).end("failed to reload config: no such file\n");
    };
    await assert.rejects(reloading(t, server, refusing), (error: Error) => {
      assert.ok(error instanceof ReloadError);
      return /没有换用新配置：failed to reload config: no such file$/.test(error.message);
    });
  });

  test(`${server} that does not answer is not waited for`, async (t) => {
    const silent = (state: Shown) => {
      state.onReload = () => {};
    };
    await assert.rejects(reloading(t, server, silent), /没有换用新配置：它没有应答$/);
  });

  test(`${server} that says yes and reads nothing has not taken them`, async (t) => {
    const lazy = (state: Shown) => {
      state.onReload = (response) => response.end();
    };
    await assert.rejects(reloading(t, server, lazy), /它没有重新读入配置$/);
  });

  test(`${server} that is not there is told so`, async () => {
    await assert.rejects(
      reload(server, "http://127.0.0.1:1", EXPECTED, { report: REPORT, deadlines: DEADLINES }),
      /ECONNREFUSED|fetch failed/,
    );
  });
}

test("Alertmanager with another file is found out", async (t) => {
  const other = ({ expected }: Shown) => {
    expected.alertmanager += 1;
  };
  await assert.rejects(reloading(t, "alertmanager", other), /它用的还是另一份配置$/);
});

const ruleNamed = (expected: Expected, alert: string): ExpectedRule => {
  const rule = expected.prometheus.rules.find(({ name }) => name === alert);
  assert.ok(rule);
  return rule;
};

const STALE: [what: string, change: (expected: Expected) => void, message: RegExp][] = [
  ["job", ({ prometheus }) => prometheus.jobs.pop(), /抓取任务还是另一份配置的/],
  ["rule less", ({ prometheus }) => prometheus.rules.pop(), /它有 \d+ 条规则，应为 \d+ 条/],
  [
    "label",
    (loaded) => Object.assign(ruleNamed(loaded, "ServiceDown").labels, { severity: "info" }),
    /规则 ServiceDown/,
  ],
  [
    "annotation",
    (loaded) => Object.assign(ruleNamed(loaded, "ServiceDown").annotations, { summary: "旧的" }),
    /规则 ServiceDown/,
  ],
  [
    "threshold",
    ({ prometheus }) => {
      const cpu = prometheus.rules.find(({ labels }) => labels.alert === "HighCpuUsage");
      Object.assign(cpu ?? {}, { expr: "55" });
    },
    /HighCpuUsage 的阈值是 55，应为 80$/,
  ],
  [
    "expression",
    (loaded) => Object.assign(ruleNamed(loaded, "Watchdog"), { expr: "vector(2)" }),
    /规则 Watchdog/,
  ],
  [
    "target",
    ({ prometheus }) => prometheus.targets.relay?.push("localhost:9"),
    /任务 relay 的抓取地址还没有换/,
  ],
];

for (const [what, change, message] of STALE) {
  test(`Prometheus with another ${what} is found out`, async (t) => {
    await assert.rejects(
      reloading(t, "prometheus", ({ expected }) => change(expected)),
      message,
    );
  });
}

test("a threshold counts once it is recorded, not when the rule is loaded", async (t) => {
  const fresh = structuredClone(EXPECTED);
  const [rule] = fresh.prometheus.rules.filter(({ labels }) => labels.alert === "HighCpuUsage");
  assert.ok(rule);
  rule.expr = "70.5";
  const state = shown(fresh);
  const recorded = { value: "80" };
  const double = serverDouble(state);
  const url = await listen(t, (request, response) => {
    if (!request.url?.startsWith("/api/v1/query")) return double(request, response);
    const result = fresh.prometheus.rules
      .filter(({ kind }) => kind === "recording")
      .map(({ name, labels, expr }) => ({
        metric: { __name__: name, ...labels },
        value: [0, labels.alert === "HighCpuUsage" ? recorded.value : expr],
      }));
    response.end(JSON.stringify({ status: "success", data: { result } }));
  });
  const taking = () =>
    reload("prometheus", url, fresh, { report: REPORT, deadlines: { ...DEADLINES, values: 600 } });
  await assert.rejects(taking(), /HighCpuUsage 的阈值还不是 70\.5$/);
  setTimeout(() => {
    recorded.value = "70.5";
  }, 300);
  await taking();
});

test("what a server has loaded can be asked without a reload", async (t) => {
  const state = shown(structuredClone(EXPECTED));
  const url = await listen(t, serverDouble(state));
  for (const server of ["alertmanager", "prometheus"] as const) {
    assert.equal(await hasLoaded(server, url, EXPECTED), true);
    state.successful = 0;
    assert.equal(await hasLoaded(server, url, EXPECTED), false);
    state.successful = 1;
  }
  assert.equal(state.loadedAt, 1);
  assert.equal(await hasLoaded("prometheus", "http://127.0.0.1:1", EXPECTED), false);
});
