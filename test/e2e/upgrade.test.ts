import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { createTestStack, type TestStack } from "../helpers/stack.ts";

/** All that the original guide's config.ini holds. */
const ORIGINAL = `[monitoring]
# 监控配置
enabled = true
metrics_port = 8001
alert_enabled = true
alert_threshold_response_time = 5
alert_threshold_error_rate = 0.1
alert_notification_channels = wecom,email
`;

let stack: TestStack;

before(async () => {
  stack = await createTestStack();
});

after(() => stack.remove());

test("the config.ini of the original guide starts as it is, but for its port here", async () => {
  const { port } = new URL(stack.urls.exporter);
  stack.configure(() => ORIGINAL.replace("8001", port));
  const { code, output } = await stack.up();
  assert.equal(code, 0, output);
});

test("what an earlier version has left running is replaced; totals and silences are kept", async () => {
  await post(`${stack.urls.exporter}/events`, { type: "case" }, stack.env().EXPORTER_TOKEN);
  await post(`${stack.urls.alertmanager}/api/v2/silences`, {
    matchers: [{ name: "alertname", value: "HighCpuUsage", isRegex: false }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3600_000).toISOString(),
    createdBy: "张三",
    comment: "升级",
  });
  forgetCommands(join(stack.folder, ".stack/run"));

  const { code, output } = await stack.up();
  assert.equal(code, 0, output);
  assert.match(output, /✅ 停止 采集程序（旧版本启动的，数据都保留）/);
  assert.match(await (await fetch(`${stack.urls.exporter}/metrics`)).text(), /^cases_total 1$/m);
  const silences = await (await fetch(`${stack.urls.alertmanager}/api/v2/silences`)).json();
  assert.deepEqual(
    (silences as { comment: string }[]).map(({ comment }) => comment),
    ["升级"],
  );
  assert.match((await stack.up()).output, /各部分都已在运行，没有改动/);
});

test("a database of a newer version is refused in the operator's words, and stays as it is", async () => {
  await stack.down();
  const file = join(stack.folder, ".stack/data/events.db");
  const { user_version: own } = setVersion(file, 99);
  const { code, output } = await stack.up();
  assert.equal(code, 1);
  assert.match(
    output,
    /events\.db 是更新的版本写的（第 99 版，本程序认识到第 \d+ 版），没有改动。\n办法：换回较新的程序/,
  );
  assert.deepEqual({ ...setVersion(file, Number(own)) }, { user_version: 99 });
  assert.equal((await stack.up()).code, 0);
});

/** As the records of an earlier version were: enough to stop a process, not to start it again. */
function forgetCommands(folder: string): void {
  for (const file of readdirSync(folder)) {
    const { name, pid, identity, fingerprint } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    writeFileSync(join(folder, file), JSON.stringify({ name, pid, identity, fingerprint }));
  }
}

/** @returns the row of the version before */
function setVersion(file: string, version: number): Record<string, unknown> {
  const database = new DatabaseSync(file);
  const row = database.prepare("PRAGMA user_version").get() ?? {};
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
  return row;
}

async function post(url: string, body: unknown, token?: string): Promise<void> {
  const headers = {
    "Content-Type": "application/json",
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${url}: ${response.status}`);
}
