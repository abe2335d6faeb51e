import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runningProcesses } from "../../scripts/stack/processes.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { eventually } from "../helpers/eventually.ts";
import { createTestStack, type TestStack } from "../helpers/stack.ts";
import { startWecomServer, type WecomServer } from "../helpers/wecom-server.ts";

const KEY = "robot-key-for-tests";
let stack: TestStack;
let wecom: WecomServer;
let archive: string;
/** What the stack knew when it was backed up. */
let memory: Memory;
/** Seconds since the epoch. */
let span: { start: number; end: number };

before(async () => {
  wecom = await startWecomServer([KEY]);
  stack = await createTestStack({ WECOM_ROBOT_KEY: KEY, WECOM_API_BASE: wecom.url });
  stack.configure((text) => text.replaceAll(/^(alert_threshold_(?:cpu|memory|disk)) = \d+/gm, "$1 = 100"));
  await succeed(stack.up());
});

after(async () => {
  await stack.remove();
  await wecom.close();
});

async function succeed(command: Promise<{ code: number; output: string }>): Promise<string> {
  const { code, output } = await command;
  assert.equal(code, 0, output);
  return output;
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return (await response.json()) as T;
}

async function post(url: string, body: unknown): Promise<void> {
  const headers = {
    "Content-Type": "application/json",
    Authorization: `Bearer ${stack.env().EXPORTER_TOKEN}`,
  };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${url}: ${response.status}`);
}

async function raise(alertname: string): Promise<void> {
  const labels = { alertname, severity: "critical" };
  const annotations = { summary: `试验 ${alertname}`, description: "为备份而发" };
  await post(`${stack.urls.alertmanager}/api/v2/alerts`, [{ labels, annotations }]);
  await eventually(`${alertname} is told`, () =>
    wecom.messages.some(({ content }) => content.includes(`试验 ${alertname}`)),
  );
}

async function silence(comment: string): Promise<void> {
  const now = Date.now();
  await post(`${stack.urls.alertmanager}/api/v2/silences`, {
    matchers: [{ name: "alertname", value: "Nothing", isRegex: false }],
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + 3600_000).toISOString(),
    createdBy: "test",
    comment,
  });
}

/** @param output of npm run backup */
function archiveOf(output: string): string {
  return /已备份到 (.+\.tar\.gz)（/.exec(output)?.[1] ?? output;
}

interface Memory {
  total: string;
  series: unknown;
  history: unknown;
  silences: unknown;
  config: string;
}

async function remember(): Promise<Memory> {
  const { exporter, prometheus, relay, alertmanager } = stack.urls;
  const metrics = await (await fetch(`${exporter}/metrics`)).text();
  const query = new URLSearchParams({
    query: "consultations_total",
    start: String(span.start),
    end: String(span.end),
    step: "1",
  });
  const range = await get<{ data: { result: { values: unknown }[] } }>(
    `${prometheus}/api/v1/query_range?${query}`,
  );
  const history = await get<{ alerts: { labels: Record<string, string> }[] }>(`${relay}/api/alerts`);
  const silences = await get<{ comment: string }[]>(`${alertmanager}/api/v2/silences`);
  return {
    total: /^consultations_total (\d+)$/m.exec(metrics)?.[1] ?? "",
    series: range.data.result[0]?.values,
    history: history.alerts
      .map(({ labels }) => labels.alertname)
      .filter((name) => /^Trial/.test(name ?? ""))
      .sort(),
    silences: silences.map(({ comment }) => comment).sort(),
    config: readFileSync(join(stack.folder, "config/config.ini"), "utf8"),
  };
}

function running(): string[] {
  return runningProcesses(statePaths(join(stack.folder, ".stack")))
    .map(({ name }) => name)
    .sort();
}

/** Neither beside the data nor beside config.ini. */
function leftovers(): string[] {
  return ["config", ".stack/data", "backups"].flatMap((folder) =>
    existsSync(join(stack.folder, folder))
      ? readdirSync(join(stack.folder, folder), { encoding: "utf8", recursive: true }).filter((name) =>
          /restore|partial|\.tmp$/.test(name),
        )
      : [],
  );
}

test("where there is nothing yet, nothing is backed up or restored", async () => {
  const empty = await createTestStack();
  const { code, output } = await empty.run("backup.ts", "--native");
  const restored = await empty.run("restore.ts", "--native", "--yes", "none.tar.gz");
  await empty.remove();
  assert.equal(code, 1);
  assert.match(output, /❌ 这里还没有数据，没有什么可备份的：先执行 npm start\n没有留下备份。\n/);
  assert.match(restored.output, /❌ 不能从 .*none\.tar\.gz 恢复：找不到这个文件\n什么都没有改动。\n$/);
});

test("a backup of a stack that runs is one file that only its owner can read", async () => {
  span = { start: Math.floor(Date.now() / 1000), end: 0 };
  await post(`${stack.urls.exporter}/events`, [{ type: "consultation" }, { type: "consultation" }]);
  await raise("TrialBefore");
  await silence("made before the backup");
  await eventually(
    "three scrapes",
    async () => {
      span.end = Math.floor(Date.now() / 1000);
      const { series } = await remember();
      return Array.isArray(series) && series.filter(([, value]) => value === "2").length > 30;
    },
    120,
  );
  memory = await remember();
  assert.deepEqual(
    { ...memory, series: undefined, config: undefined },
    {
      total: "2",
      history: ["TrialBefore"],
      silences: ["made before the backup"],
      series: undefined,
      config: undefined,
    },
  );

  const output = await succeed(stack.run("backup.ts", "--native"));
  archive = archiveOf(output);
  assert.equal(statSync(archive).mode & 0o777, 0o600);
  assert.match(output, /备份里没有 \.env/);
  assert.deepEqual(leftovers(), []);
  assert.ok(!existsSync(join(stack.folder, ".stack/data/prometheus/snapshots")));
});

test("destroyed, filled otherwise, restored: series, totals, history, silences and config.ini as they were", async () => {
  await stack.down();
  rmSync(join(stack.folder, ".stack/data"), { recursive: true });
  stack.configure((text) => text.replace("retention_days = 90", "retention_days = 30"));
  await succeed(stack.up());
  const config = join(stack.folder, "config/config.ini");
  chmodSync(config, 0o644);
  await post(`${stack.urls.exporter}/events`, [{ type: "consultation" }]);
  await raise("TrialAfter");
  await silence("made after the backup");
  assert.equal((await remember()).total, "1");

  const parts = running();
  const output = await succeed(stack.run("restore.ts", "--native", "--yes", archive));
  assert.match(output, /✅ 已恢复，监控系统在运行/);
  assert.deepEqual(await remember(), memory);
  assert.deepEqual(running(), parts);
  assert.equal(statSync(config).mode & 0o777, 0o644);
  assert.match(await succeed(stack.up()), /各部分都已在运行，没有改动/);
  assert.deepEqual(leftovers(), []);
});

/** What it knows later. */
let other: Memory;

describe("a restore that is ended in its middle", () => {
  before(async () => {
    await post(`${stack.urls.exporter}/events`, [{ type: "consultation" }]);
    other = await remember();
    assert.equal(other.total, "3");
  });

  for (const at of ["停止 Prometheus", "换上备份里的数据", "检查配置"]) {
    test(`killed at ${at}: nothing is done on what is left, and npm start puts the old back`, async () => {
      await stack.interrupt("SIGKILL", at, "restore.ts", "--native", "--yes", archive);
      const refused = await stack.run("backup.ts", "--native");
      assert.equal(refused.code, 75, refused.output);
      assert.match(refused.output, /上一次恢复没有完成，请先执行 npm start/);
      assert.match((await stack.apply()).output, /上一次恢复没有完成，请先执行 npm start/);
      assert.match(await succeed(stack.up()), /已换回/);
      assert.deepEqual(await remember(), other);
      assert.deepEqual(leftovers(), []);
    });
  }

  test("Ctrl-C: the old is back and runs", async () => {
    const { code, output } = await stack.interrupt(
      "SIGINT",
      "换上备份里的数据",
      "restore.ts",
      "--native",
      "--yes",
      archive,
    );
    assert.equal(code, 130, output);
    assert.match(output, /已中断。\n\n已换回原来的数据和配置，一切如前。/);
    assert.deepEqual(await remember(), other);
    assert.deepEqual(leftovers(), []);
  });
});

test("a backup that is killed leaves no archive, and the next one clears up", async () => {
  const folder = join(stack.folder, "backups");
  const before = readdirSync(folder);
  await stack.interrupt("SIGKILL", "备份 告警转发 的数据库", "backup.ts", "--native");
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tar.gz")),
    before,
  );
  await stack.down();
  const output = await succeed(stack.run("backup.ts", "--native"));
  assert.match(output, /没有在运行，按原样复制/);
  assert.equal(readdirSync(folder).length, before.length + 1);
});

test("on another machine restore and npm start are all that it takes, where .env is in the archive", async () => {
  const file = archiveOf(await succeed(stack.run("backup.ts", "--native", "--with-env")));
  const machine = await createTestStack();
  try {
    rmSync(join(machine.folder, ".env"));
    await succeed(machine.run("restore.ts", "--native", "--yes", file));
    // On the ports of the first one, which is stopped.
    await succeed(machine.up());
    assert.deepEqual(await remember(), other);
    assert.deepEqual(machine.env(), stack.env());
    assert.equal(readFileSync(join(machine.folder, "config/config.ini"), "utf8"), other.config);
  } finally {
    await machine.remove();
  }
});
