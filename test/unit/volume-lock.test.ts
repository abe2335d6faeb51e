import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { VOLUME_LOCK, withVolumeLock } from "../../scripts/backup/volume-lock.ts";
import { PROJECT, TemporaryError } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

/** A process that has the volume locked until it is killed. */
async function startHolder(t: TestContext, folder: string) {
  const program = `
    const { withVolumeLock } = await import(${JSON.stringify(join(PROJECT, "scripts/backup/volume-lock.ts"))});
    await withVolumeLock(${JSON.stringify(folder)}, 0, () => {
      console.log("locked");
      return new Promise((resolve) => setTimeout(resolve, 600_000));
    });`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  return holder;
}

test("one at a time, until it has ended, by a kill too", async (t) => {
  const folder = temporaryFolder(t);
  const work = t.mock.fn();
  const holder = await startHolder(t, folder);
  await assert.rejects(
    withVolumeLock(folder, 0, work),
    new TemporaryError("另一个备份或恢复正在进行，请等它结束"),
  );
  assert.equal(work.mock.callCount(), 0);
  holder.kill("SIGKILL");
  await once(holder, "close");
  await withVolumeLock(folder, 0, work);
  await withVolumeLock(folder, 0, work);
  assert.equal(work.mock.callCount(), 2);
  assert.deepEqual(readdirSync(folder), [VOLUME_LOCK]);
});
