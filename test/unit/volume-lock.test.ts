import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { lockVolume } from "../../scripts/backup/volume-lock.ts";
import { PROJECT, TemporaryError } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

/** A process that has the volume locked until it is killed. */
async function startHolder(t: TestContext, folder: string) {
  const program = `
    const { lockVolume } = await import(${JSON.stringify(join(PROJECT, "scripts/backup/volume-lock.ts"))});
    lockVolume(${JSON.stringify(folder)});
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  return holder;
}

test("one at a time, until its process has ended, by a kill too", async (t) => {
  const folder = temporaryFolder(t);
  const holder = await startHolder(t, folder);
  assert.throws(() => lockVolume(folder), new TemporaryError("另一个备份或恢复正在进行，请等它结束"));
  holder.kill("SIGKILL");
  await once(holder, "close");
  lockVolume(folder);
  assert.throws(() => lockVolume(folder), TemporaryError);
});
