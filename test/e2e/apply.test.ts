import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { accelerate } from "../helpers/accelerate.ts";
import { eventually } from "../helpers/eventually.ts";
import { createTestStack, type TestStack } from "../helpers/stack.ts";

let stack: TestStack;

before(async () => {
  stack = await createTestStack();
  accelerate(stack.folder, 30);
});

after(() => stack.remove());

test("where nothing runs there is nothing to apply to", async () => {
  const { code, output } = await stack.apply();
  assert.equal(code, 1, output);
  assert.match(output, /没有在运行，请执行 npm start/);
});

describe("on a running stack", () => {
  before(async () => {
    const { code, output } = await stack.up();
    assert.equal(code, 0, output);
  });

  test("a new threshold and a new service are live, and neither server was started anew", async () => {
    const pids = serverPids();
    stack.configure(
      (text) =>
        `${text.replace("alert_threshold_cpu = 80", "alert_threshold_cpu = 70.5")}\n客服 = http://127.0.0.1:1/\n`,
    );
    const { code, output } = await stack.apply();
    assert.equal(code, 0, output);
    assert.match(output, /\[monitoring\] alert_threshold_cpu：80 → 70\.5\n/);
    assert.match(output, /\[services\] 客服：新增 http:\/\/127\.0\.0\.1:1\/\n/);
    assert.match(output, /新配置已生效\n$/);
    assert.equal(await cpuThreshold(), "70.5");
    assert.deepEqual(serverPids(), pids);
    await eventually("the probe", async () =>
      (await metrics("exporter")).includes('service_up{service="客服"} 0'),
    );
  });

  test("a comment and a threshold: the services go on, and would start with the new file", async () => {
    const running = records();
    stack.configure((text) =>
      `; 我们的\n${text}`.replace("alert_threshold_disk = 90", "alert_threshold_disk = 91"),
    );
    const { code, output } = await stack.apply();
    assert.equal(code, 0, output);
    assert.match(output, /\[monitoring\] alert_threshold_disk：90 → 91\n/);
    assert.doesNotMatch(output, /Alertmanager 换用新配置/, "it has the same file as before");
    assert.deepEqual(records(), running);
    const current = readFileSync(join(stack.folder, ".stack/config/current/config.ini"), "utf8");
    assert.equal(current, readFileSync(join(stack.folder, "config/config.ini"), "utf8"));
  });

  test("Prometheus that had to be started is waited for as well: the old value does not answer any more", async () => {
    await stack.kill("prometheus");
    stack.configure((text) => text.replace("alert_threshold_cpu = 70.5", "alert_threshold_cpu = 71"));
    const { code, output } = await stack.apply();
    assert.equal(await cpuThreshold(), "71", output);
    assert.equal(code, 0, output);
    stack.configure((text) => text.replace("alert_threshold_cpu = 71", "alert_threshold_cpu = 70.5"));
    assert.equal((await stack.apply()).code, 0);
  });

  test("a variable of .env is told by its name, a service that is gone with what its alert will say", async () => {
    const dotenv = join(stack.folder, ".env");
    appendFileSync(dotenv, "LOG_LEVEL=warn\n");
    stack.configure((text) => text.replace("客服 = http://127.0.0.1:1/\n", ""));
    const { code, output } = await stack.apply();
    assert.equal(code, 0, output);
    assert.match(output, / {2}• 服务 客服 不再监控：它正在响的告警会报为已恢复\n {2}• \.env：LOG_LEVEL\n/);
  });

  test("a new port is scraped, and what was applied already is left alone", async () => {
    const url = new URL(stack.urls.exporter);
    url.hostname = "localhost";
    const targets = join(stack.folder, "prometheus/targets/wecom_legal_service.yml");
    appendFileSync(targets, "    - localhost:1 # 第二台\n");
    const { code, output } = await stack.apply();
    assert.equal(code, 0, output);
    assert.deepEqual(await scraped("wecom_legal_service"), ["localhost:1", url.host]);
    const running = records();
    assert.match((await stack.apply()).output, /没有改动/);
    assert.deepEqual(records(), running);
  });
});

describe("what is refused changes nothing", () => {
  let state: unknown;

  beforeEach(async () => {
    state = await inForce();
  });

  test("a typo in config.ini, by file, line and what is allowed", async () => {
    const restore = edit("config/config.ini", (text) =>
      text.replace("alert_threshold_cpu = 70.5", "alert_threshold_cpu = 7O"),
    );
    const { code, output } = await stack.apply();
    restore();
    assert.equal(code, 1, output);
    assert.match(
      output,
      /什么都没有改动：\nconfig\/config\.ini:\d+ \[monitoring\] alert_threshold_cpu = 7O：应为 1 到 100 的数字/,
    );
    assert.deepEqual(await inForce(), state);
  });

  test("a rule that promtool refuses, by file and line", async () => {
    const restore = edit("prometheus/rules/host.yml", (text) => `${text}      - nonsense: 1\n`);
    const { code, output } = await stack.apply();
    restore();
    assert.equal(code, 1, output);
    assert.match(
      output,
      /promtool 不接受这份配置：\nprometheus\/rules\/host\.yml: .+\nline \d+: field nonsense/,
    );
    assert.match(output, /什么都没有改动。\n$/);
    assert.deepEqual(await inForce(), state);
  });

  test("a route to a receiver that there is not, with amtool's reason", async () => {
    const restore = edit("alertmanager/alertmanager.yml", (text) =>
      text.replace("receiver: watchdog", "receiver: watchdgo"),
    );
    const { code, output } = await stack.apply();
    restore();
    assert.equal(code, 1);
    assert.match(
      output,
      /amtool 不接受这份配置：\nalertmanager\/alertmanager\.yml: undefined receiver "watchdgo" used in route\n什么都没有改动。\n$/,
    );
    assert.deepEqual(await inForce(), state);
  });

  test("a half-edited config.ini does not hinder a service that has to start again", async () => {
    const file = join(stack.folder, ".stack/config/current/config.ini");
    assert.equal(readFileSync(file, "utf8"), readFileSync(join(stack.folder, "config/config.ini"), "utf8"));
    for (const name of ["exporter", "relay"]) {
      assert.equal(records().find((record) => record.name === name)?.env.MONITORING_CONFIG, file);
    }
  });
});

describe("what a part does not take is taken back", () => {
  let state: Awaited<ReturnType<typeof inForce>>;

  beforeEach(async () => {
    state = await inForce();
  });

  test("routes that amtool accepts and Alertmanager cannot load", async () => {
    const pids = serverPids();
    // A route of its own: receivers that nothing leads to are not built.
    const restore = edit("alertmanager/alertmanager.yml", (text) =>
      text
        .replace("  routes:\n", '  routes:\n    - receiver: own\n      matchers: [alertname = "Own"]\n')
        .concat(
          "  - name: own\n    webhook_configs:\n      - url: https://example.com/hook\n",
          "        http_config: { tls_config: { ca_file: /no/such/file } }\n",
        ),
    );
    const { code, output } = await stack.apply();
    restore();
    assert.equal(code, 1, output);
    assert.match(output, /❌ Alertmanager 没有换用新配置：.*\/no\/such\/file.*\n\n已恢复原来的配置/);
    assert.deepEqual(await inForce(), state);
    assert.deepEqual(serverPids(), pids);
    assert.match(await metrics("alertmanager"), /^alertmanager_config_last_reload_successful 1$/m);
  });

  test("a part that does not start with its new setting: it runs again with the old one", async () => {
    const dotenv = join(stack.folder, ".env");
    const settings = readFileSync(dotenv, "utf8");
    // An address that browsers take and Go does not.
    writeFileSync(dotenv, `${settings}PUBLIC_ALERTMANAGER_URL=http://localhost/%zz\n`);
    const restore = edit("config/config.ini", (text) =>
      text.replace("alert_threshold_cpu = 70.5", "alert_threshold_cpu = 60"),
    );
    const { code, output } = await stack.apply();
    writeFileSync(dotenv, settings);
    restore();
    assert.equal(code, 1, output);
    assert.match(output, /Prometheus 换用新配置：已核对生效/, "it had the new threshold");
    assert.match(
      output,
      /Alertmanager 启动后就退出了。日志 .+alertmanager\.log 的末尾：\n.*%zz.*已恢复原来的配置/s,
    );
    assert.deepEqual(await inForce(), state);
  });

  test("what was done when the operator presses Ctrl-C: nothing stays stopped", async () => {
    const restore = edit("config/config.ini", (text) =>
      text
        .replace("timezone = Asia/Shanghai", "timezone = UTC")
        .replace("alert_threshold_cpu = 70.5", "alert_threshold_cpu = 60"),
    );
    const { code, output } = await stack.apply("停止 采集程序（设置已变）");
    restore();
    assert.equal(code, 130, output);
    assert.match(output, /❌ 已中断。\n\n已恢复原来的配置，监控照常运行。\n$/);
    assert.deepEqual(await inForce(), state);
    assert.match(await metrics("exporter"), /^monitoring_enabled 1$/m);
  });

  test("Ctrl-C when the new parts already run: the old ones do again", async () => {
    const restore = edit("config/config.ini", (text) =>
      text
        .replace("timezone = Asia/Shanghai", "timezone = UTC")
        .replace("alert_threshold_cpu = 70.5", "alert_threshold_cpu = 60"),
    );
    // It is started as well, and waited for a while longer.
    await stack.kill("prometheus");
    const { code, output } = await stack.apply("启动各部分：");
    restore();
    assert.equal(code, 130, output);
    assert.match(output, /已恢复原来的配置，监控照常运行。\n$/);
    assert.deepEqual(await inForce(), state);
  });

  test("a server that has stopped answering", async () => {
    const restore = edit("config/config.ini", (text) =>
      text.replace("alert_threshold_cpu = 70.5", "alert_threshold_cpu = 60"),
    );
    const { pid = 0 } = records().find(({ name }) => name === "alertmanager") ?? {};
    process.kill(pid, "SIGSTOP");
    const { code, output } = await stack.apply();
    process.kill(pid, "SIGCONT");
    restore();
    assert.equal(code, 1, output);
    assert.match(output, /❌ Alertmanager 没有换用新配置：它没有应答/);
    assert.match(output, /没能完全恢复原来的配置：\nAlertmanager/);
    assert.deepEqual(await inForce(), state);
  });
});

/** What the operator would not want to see changed. */
async function inForce() {
  return {
    current: readlinkSync(join(stack.folder, ".stack/config/current")),
    parts: records().map(({ name, fingerprint }) => [name, fingerprint]),
    threshold: await cpuThreshold(),
    routes: /^alertmanager_config_hash .*$/m.exec(await metrics("alertmanager"))?.[0],
  };
}

interface RunRecord {
  name: string;
  pid: number;
  fingerprint: string;
  env: Record<string, string>;
}

function records(): RunRecord[] {
  const folder = join(stack.folder, ".stack/run");
  return readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
}

function serverPids(): number[] {
  const servers = ["prometheus", "alertmanager"];
  return servers.flatMap((name) => records().find((record) => record.name === name)?.pid ?? []);
}

/** @returns what puts the file back as it was */
function edit(name: string, change: (text: string) => string): () => void {
  const file = join(stack.folder, name);
  const text = readFileSync(file, "utf8");
  const changed = change(text);
  assert.notEqual(changed, text);
  writeFileSync(file, changed);
  return () => writeFileSync(file, text);
}

async function metrics(part: "exporter" | "alertmanager"): Promise<string> {
  return (await fetch(`${stack.urls[part]}/metrics`)).text();
}

async function cpuThreshold(): Promise<string | undefined> {
  const query = new URLSearchParams({ query: 'monitoring:threshold{alert="HighCpuUsage"}' });
  const { result } = await prometheus<{ result: { value: [number, string] }[] }>(`query?${query}`);
  return result[0]?.value[1];
}

async function scraped(job: string): Promise<string[]> {
  const { activeTargets } = await prometheus<{ activeTargets: { labels: Record<string, string> }[] }>(
    "targets",
  );
  return activeTargets.flatMap(({ labels }) => (labels.job === job ? (labels.instance ?? []) : [])).sort();
}

async function prometheus<T>(path: string): Promise<T> {
  const answer = await fetch(`${stack.urls.prometheus}/api/v1/${path}`);
  return ((await answer.json()) as { data: T }).data;
}
