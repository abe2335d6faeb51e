import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { partsCheck } from "../../scripts/doctor/parts.ts";
import { databaseTrouble } from "../../scripts/stack/database-trouble.ts";
import { PROJECT, type StatePaths, statePaths } from "../../scripts/stack/project.ts";
import { startParts } from "../../scripts/stack/starting.ts";
import { openDatabase } from "../../service/database.ts";
import { temporaryFolder } from "./support/folder.ts";
import { findings, testView } from "./support/view.ts";

const MIGRATIONS = join(PROJECT, "alertmanager/relay/outbox/migrations");

/** @returns the relay's database, empty, closed in order */
function relayDatabase({ data }: StatePaths): string {
  const file = join(data, "relay.db");
  openDatabase(file, MIGRATIONS).close();
  return file;
}

function paths(t: TestContext): StatePaths {
  return statePaths(join(temporaryFolder(t), ".stack"));
}

test("one that is whole is no trouble, nor is none; nothing is made beside it", (t) => {
  const here = paths(t);
  assert.equal(databaseTrouble("relay", here), undefined);
  relayDatabase(here);
  assert.equal(databaseTrouble("relay", here), undefined);
  assert.equal(databaseTrouble("prometheus", here), undefined);
  assert.deepEqual(readdirSync(here.data), ["relay.db"]);
});

test("one in use, its log not yet in it, is no trouble", (t) => {
  const here = paths(t);
  const database = new DatabaseSync(relayDatabase(here));
  t.after(() => database.close());
  database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE more (x)");
  assert.equal(databaseTrouble("relay", here), undefined);
});

test("a newer one is told by its version", (t) => {
  const here = paths(t);
  const database = new DatabaseSync(relayDatabase(here));
  database.exec("PRAGMA user_version = 99");
  database.close();
  assert.match(databaseTrouble("relay", here)?.what ?? "", /relay\.db 是更新的版本写的（第 99 版，/);
});

test("one that is damaged keeps its part from starting: npm start and doctor say what to do", async (t) => {
  const view = await testView(t, {
    change: (view) => (view.runtime = { kind: "stopped", reason: undefined }),
  });
  mkdirSync(view.paths.data, { recursive: true });
  const file = join(view.paths.data, "relay.db");
  writeFileSync(file, "this is no database\n".repeat(500));
  const what = `数据库 ${file} 已损坏`;
  const move = `d=${view.paths.root}/broken-$(date +%s); mkdir "$d" && mv ${file}* "$d"`;
  const remedy = `恢复最近的备份：npm run restore 备份文件；没有备份就把它移开（告警历史和还没有发出的通知就没有了）：npm stop，再执行 ${move}，再 npm start`;
  assert.equal(
    (await findings(partsCheck, view))[1],
    `problem: ${what} | 告警转发 启动不了，或者在拒收 | ${remedy}`,
  );

  const step = { progress() {}, done() {}, fail() {} };
  const report = { begin: () => step, line() {}, warn() {} };
  const command = [process.execPath, "-e", "process.exit(1)"];
  const part = { command, cwd: PROJECT, env: {}, fingerprint: "", readyUrl: "http://127.0.0.1:1/" };
  await assert.rejects(startParts([{ ...part, name: "relay" }], view.paths, { report }), {
    message: `告警转发 启动后就退出了：${what}。\n办法：${remedy}`,
  });
});
