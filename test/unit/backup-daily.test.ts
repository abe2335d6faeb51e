import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PROJECT } from "../../scripts/stack/project.ts";
import { serve } from "../../service/http.ts";
import { eventually } from "../helpers/eventually.ts";
import { temporaryFolder } from "./support/folder.ts";

/** Makes daily backups by a script of ours. @returns what Alertmanager is told, and the folder of the archives */
async function startDaily(t: TestContext, script: string) {
  const folder = temporaryFolder(t);
  const told: { labels: Record<string, string>; annotations: Record<string, string>; endsAt: string }[] = [];
  const alertmanager = await serve(
    async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      assert.equal(request.url, "/api/v2/alerts");
      told.push(...JSON.parse(Buffer.concat(chunks).toString()));
      response.end();
    },
    "127.0.0.1",
    0,
  );
  writeFileSync(join(folder, "config.ini"), "[monitoring]\nbackup_keep = 2\n");
  writeFileSync(join(folder, "command.mjs"), script);
  const command = [join(PROJECT, "scripts/backup/daily.ts"), join(folder, "command.mjs"), "--daily"];
  const env = {
    MONITORING_CONFIG: join(folder, "config.ini"),
    BACKUP_DIR: folder,
    ALERTMANAGER_URL: alertmanager.url,
    PUBLIC_EXPORTER_URL: "https://monitor.example.com",
  };
  const daily = spawn(process.execPath, command, { cwd: folder, env, stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => daily.once("close", resolve));
  t.after(async () => {
    daily.kill("SIGKILL");
    await ended;
    await alertmanager.close();
  });
  return { folder, told, daily, ended };
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

test("one that fails is an alert, in its own words, for as long as it is repeated", async (t) => {
  const { told } = await startDaily(
    t,
    'process.stderr.write("\\n❌ 磁盘已满，没有留下备份\\n"); process.exitCode = 1;',
  );
  await eventually("the alert", () => told.length > 0);
  const [alert] = told;
  assert.deepEqual(alert?.labels, { alertname: "BackupFailed", severity: "warning" });
  assert.match(alert?.annotations.description ?? "", /^磁盘已满，没有留下备份\n每小时会再试一次/);
  assert.equal(alert?.annotations.runbook_url, "https://monitor.example.com/runbooks/BackupFailed");
  const minutes = (Date.parse(alert?.endsAt ?? "") - Date.now()) / 60_000;
  assert.ok(minutes > 4 && minutes <= 5, `ends in ${minutes} min`);
});
