import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ProcessRecord, runningProcesses } from "../../scripts/stack/processes.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { eventually } from "../helpers/eventually.ts";
import { createTestStack, type TestStack } from "../helpers/stack.ts";
import { startWecomServer, type WecomServer } from "../helpers/wecom-server.ts";

const KEY = "robot-key-for-tests";
/** Seconds: Prometheus has just been started, so that it may be tried again, and Alertmanager writes once a minute. */
const FIRST_BACKUP = 300;
let stack: TestStack;
let wecom: WecomServer;

before(async () => {
  wecom = await startWecomServer([KEY]);
  stack = await createTestStack({ WECOM_ROBOT_KEY: KEY, WECOM_API_BASE: wecom.url });
  stack.configure((text) => text.replace("backup_keep = 0", "backup_keep = 2"));
});

after(async () => {
  await stack.remove();
  await wecom.close();
});

async function up(): Promise<string> {
  const { code, output } = await stack.up();
  assert.equal(code, 0, output);
  return output;
}

function backupProcess(): ProcessRecord | undefined {
  return runningProcesses(statePaths(join(stack.folder, ".stack"))).find(({ name }) => name === "backup");
}

function archives(): string[] {
  const folder = join(stack.folder, "backups");
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^daily-[\d-]+\.tar\.gz$/.test(name)) : [];
}

async function get<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

interface ActiveAlert {
  labels: Record<string, string>;
  startsAt: string;
}

async function failures(): Promise<ActiveAlert[]> {
  const alerts = await get<ActiveAlert[]>(`${stack.urls.alertmanager}/api/v2/alerts`);
  return alerts.filter(({ labels }) => labels.alertname === "BackupFailed");
}

test("the first one is made right after the start, and the next npm start leaves it alone", async () => {
  await up();
  const started = backupProcess();
  assert.ok(started);
  assert.match(await up(), /各部分都已在运行，没有改动/);
  assert.match((await stack.apply()).output, /没有改动，各部分都在按这份配置运行/);
  await eventually("the first backup", () => archives().length === 1, FIRST_BACKUP);
  assert.deepEqual(backupProcess(), started);
  assert.deepEqual(await failures(), []);
});

test("one that fails after an upgrade is told like any other alert, on the page too, and can be silenced", async () => {
  rmSync(join(stack.folder, "backups"), { recursive: true });
  const failing = 'process.stderr.write("\\n❌ 磁盘已满\\n"); process.exitCode = 1;';
  writeFileSync(join(stack.folder, "scripts/backup.ts"), failing);
  const upgraded = Date.now();
  assert.match(await up(), /停止 每日备份（设置已变）/);
  const alert = await eventually("the alert", async () => (await failures())[0]);
  const startsAt = Date.parse(alert.startsAt);
  assert.ok(startsAt >= upgraded && startsAt <= Date.now(), alert.startsAt);

  const message = await eventually("the message", () =>
    wecom.messages.find(({ content }) => content.includes("每日备份没有成功")),
  );
  assert.match(message.content, /说明：磁盘已满.*\[静默\]\(http/s);
  const page = async () => (await fetch(stack.urls.exporter)).text();
  assert.match(await page(), /正在发生（.*每日备份没有成功.*最近恢复的/s);

  const silenced = await fetch(`${stack.urls.alertmanager}/api/v2/silences`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      matchers: [{ name: "alertname", value: "BackupFailed", isRegex: false }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3600_000).toISOString(),
      ...{ createdBy: "test", comment: "known" },
    }),
  });
  assert.ok(silenced.ok);
  await eventually("the page", async () => (await page()).includes("已静默：每日备份没有成功"));
});
