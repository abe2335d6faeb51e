import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { attempt } from "../../scripts/backup/attempt.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { eventually } from "../helpers/eventually.ts";
import { temporaryFolder } from "./support/folder.ts";
import { listen } from "./support/server.ts";

const CONFIG = "[monitoring]\nbackup_keep = 2\n";

interface PostedAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
}

/** Makes daily backups by a script of ours. @returns what Alertmanager is told, and the folder of the archives */
async function startDaily(
  t: TestContext,
  script: string,
  { config = CONFIG, status = 200, archives = ".", name = "notes" } = {},
) {
  const folder = temporaryFolder(t);
  const told: PostedAlert[] = [];
  const alertmanager = await listen(t, async (request, response) => {
    assert.equal(request.url, "/api/v2/alerts");
    told.push(...JSON.parse(await text(request)));
    response.writeHead(status).end('"bad alert"');
  });
  writeFileSync(join(folder, "config.ini"), config);
  writeFileSync(join(folder, "command.mjs"), script);
  writeFileSync(join(folder, name), "whole");
  const command = [join(PROJECT, "scripts/backup/daily.ts"), join(folder, "command.mjs"), "--daily"];
  const env = {
    MONITORING_CONFIG: join(folder, "config.ini"),
    BACKUP_DIR: join(folder, archives),
    ALERTMANAGER_URL: alertmanager,
    PUBLIC_EXPORTER_URL: "https://monitor.example.com",
  };
  const daily = spawn(process.execPath, command, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => daily.once("close", resolve));
  t.after(async () => {
    daily.kill("SIGKILL");
    await ended;
  });
  let log = "";
  for (const output of [daily.stdout, daily.stderr])
    output.setEncoding("utf8").on("data", (words: string) => {
      log += words;
    });
  return { folder, told, daily, ended, log: () => log };
}

test("a backup that is due is made at once, and nobody is told; it ends when it is stopped", async (t) => {
  const { folder, told, daily, ended } = await startDaily(
    t,
    'import { writeFileSync } from "node:fs"; writeFileSync("made", process.argv[2]);',
  );
  await eventually(
    "the backup",
    () => existsSync(join(folder, "made")) && readFileSync(join(folder, "made")).length,
  );
  assert.equal(readFileSync(join(folder, "made"), "utf8"), "--daily");
  daily.kill("SIGTERM");
  assert.equal(await ended, 0);
  assert.deepEqual(told, []);
});

test("one that is named for a time to come, as the clock was ahead once, is not taken for today's", async (t) => {
  const name = "daily-29991231-030000.tar.gz";
  const making = 'import { writeFileSync } from "node:fs"; writeFileSync("made", "");';
  const { folder } = await startDaily(t, making, { name });
  await eventually("the backup", () => existsSync(join(folder, "made")));
});

test("none is made where config.ini does not ask for any, whoever has started it", async (t) => {
  const config = "[monitoring]\nbackup_keep = 0\n";
  const { daily, ended, log } = await startDaily(t, "", { config });
  await eventually("the log", () => log() === "config.ini 里 backup_keep 是 0：不做每日备份\n");
  daily.kill("SIGTERM");
  assert.equal(await ended, 0);
  assert.doesNotMatch(log(), /Z 每日备份/);
});

test("a folder that cannot be one is told so, without a trace", async (t) => {
  const { folder, told } = await startDaily(t, "", { archives: "command.mjs" });
  await eventually("the alert", () => told.length > 0);
  const description = told[0]?.annotations.description ?? "";
  assert.ok(
    description.startsWith(`${join(folder, "command.mjs")} 不能用作目录（ENOTDIR）：请`),
    description,
  );
});

const FAILING = 'process.stderr.write("\\n❌ 磁盘已满，没有留下备份\\n"); process.exitCode = 1;';

test("one that fails is an alert like any other, in its own words, for as long as it is repeated", async (t) => {
  const before = Date.now();
  const { told } = await startDaily(t, FAILING);
  await eventually("the alert", () => told.length > 0);
  const [alert] = told;
  assert.deepEqual(alert?.labels, { alertname: "BackupFailed", severity: "warning" });
  assert.match(alert?.annotations.description ?? "", /^磁盘已满，没有留下备份\n每小时会再试一次/);
  assert.equal(alert?.annotations.runbook_url, "https://monitor.example.com/runbooks/BackupFailed");
  assert.equal(alert?.generatorURL, "https://monitor.example.com/");
  const startsAt = Date.parse(alert?.startsAt ?? "");
  assert.ok(startsAt >= before && startsAt <= Date.now(), alert?.startsAt);
  const minutes = (Date.parse(alert?.endsAt ?? "") - Date.now()) / 60_000;
  assert.ok(minutes > 4 && minutes <= 5, `ends in ${minutes} min`);
});

test("an alert that Alertmanager refuses is in the log", async (t) => {
  const { log } = await startDaily(t, FAILING, { status: 400 });
  await eventually("the log", () => log().includes('没有交给 Alertmanager：HTTP 400 "bad alert"'));
});

test("a wrong config.ini is told as by every other command", async (t) => {
  const { ended, log } = await startDaily(t, "", { config: "[monitoring]\nbackup_keep = many\n" });
  assert.equal(await ended, 1);
  assert.match(log(), /^\n❌ 配置有误.*\n\S*config\.ini:2 \[monitoring\] backup_keep = many：应为 .*\n$/);
});

test("how an attempt ended: made, postponed, failed in words that come piece by piece, or without any", async (t) => {
  const file = join(temporaryFolder(t), "command.mjs");
  const outcome = (script: string) => {
    writeFileSync(file, script);
    return attempt([file], new AbortController().signal);
  };
  assert.deepEqual(await outcome(""), { kind: "made" });
  assert.deepEqual(await outcome('process.stderr.write("❌ 另一个备份正在进行"); process.exitCode = 75;'), {
    kind: "postponed",
    why: "另一个备份正在进行",
  });
  const pieces = `const words = Buffer.from("❌ 磁盘已满");
process.exitCode = 1;
process.stderr.write(words.subarray(0, 5), () => setTimeout(() => process.stderr.write(words.subarray(5)), 50));`;
  assert.deepEqual(await outcome(pieces), { kind: "failed", why: "磁盘已满" });
  assert.deepEqual(await outcome('process.kill(process.pid, "SIGKILL");'), {
    kind: "failed",
    why: "备份程序意外结束（SIGKILL）",
  });
  const unexpected = { kind: "failed", why: "备份程序意外结束（1）" };
  assert.deepEqual(await outcome('throw new Error("EEXIST");'), unexpected);
  // What volumes.ts tells of a step goes to the same place.
  assert.deepEqual(
    await outcome('console.error("❌ 核对：没有成功"); throw new Error("EEXIST");'),
    unexpected,
  );
  assert.deepEqual(await outcome('throw "no error"'), unexpected);
});
