import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { archiveName, isDue, rotate } from "../../scripts/backup/rotation.ts";
import { temporaryFolder } from "./support/folder.ts";

test("only the oldest daily archives go; what was made by hand stays", (t) => {
  const folder = temporaryFolder(t);
  const day = (date: number) => `daily-2026010${date}-030000.tar.gz`;
  const kept = ["backup-20250101-120000.tar.gz", "daily-notes.txt"];
  for (const name of [...kept, day(3), day(1), day(2), day(4)]) writeFileSync(join(folder, name), "");
  assert.deepEqual(rotate(folder, 2), [day(1), day(2)]);
  assert.deepEqual(readdirSync(folder).sort(), [...kept, day(3), day(4)].sort());
  assert.deepEqual(rotate(folder, 2), []);
});

test("names are of the operator's time, whatever the machine's is", () => {
  const now = new Date("2026-01-01T18:30:05Z");
  assert.equal(archiveName("daily", now, "Asia/Shanghai"), "daily-20260102-023005.tar.gz");
  assert.equal(archiveName("backup", now, "UTC"), "backup-20260101-183005.tar.gz");
});

test("due once a day from its hour on; a missed one is made up for", () => {
  const at = (time: string) => new Date(`${time}+08:00`);
  const due = (newest: string | undefined, time: string) =>
    isDue(newest && `daily-${newest}.tar.gz`, 3, "Asia/Shanghai", at(time));
  assert.equal(due(undefined, "2026-01-02T00:00:00"), true);
  assert.equal(due("20260101-030100", "2026-01-02T02:59:59"), false);
  assert.equal(due("20260101-030100", "2026-01-02T03:00:00"), true);
  assert.equal(due("20260102-030000", "2026-01-02T03:00:01"), false);
  // The machine was off at three.
  assert.equal(due("20251231-030100", "2026-01-02T01:00:00"), true);
  // One that was made up for in the evening does not stand for the next night's.
  assert.equal(due("20260101-230000", "2026-01-02T03:00:00"), true);
});
