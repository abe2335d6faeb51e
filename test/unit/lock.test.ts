import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withLock } from "../../scripts/stack/lock.ts";
import { TemporaryError } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

test("one start or stop at a time; the next once it has ended, well or not", async (t) => {
  const folder = temporaryFolder(t);
  const first = Promise.withResolvers<string>();
  const running = withLock(folder, () => first.promise);
  await assert.rejects(
    withLock(folder, async () => "second"),
    TemporaryError,
  );
  first.reject(new Error("failed"));
  await assert.rejects(running, /failed/);
  assert.equal(await withLock(folder, async () => "third"), "third");
});

test("what a process left behind that is gone does not lock for ever", async (t) => {
  const folder = temporaryFolder(t);
  // Beyond the largest process id of Linux.
  writeFileSync(join(folder, "lock"), "4999999");
  assert.equal(await withLock(folder, async () => "in"), "in");
  assert.ok(!existsSync(join(folder, "lock")));
});
