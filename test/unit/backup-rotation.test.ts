import assert from "node:assert/strict";
import { readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  archiveName,
  dailyArchives,
  isAhead,
  isDue,
  newestName,
  rotate,
} from "../../scripts/backup/rotation.ts";
import { temporaryFolder } from "./support/folder.ts";

const NOW = new Date("2026-01-04T12:00:00Z");
const ROTATION = { keep: 2, timezone: "UTC", now: NOW };

test("only the oldest daily archives go; what was made by hand stays", (t) => {
  const folder = temporaryFolder(t);
  const day = (date: number) => `daily-2026010${date}-030000.tar.gz`;
  const kept = ["backup-20250101-120000.tar.gz", "daily-notes.txt"];
  for (const name of [...kept, day(3), day(1), day(2), day(4)]) writeFileSync(join(folder, name), "whole");
  assert.deepEqual(rotate(folder, ROTATION), [day(1), day(2)]);
  assert.deepEqual(readdirSync(folder).sort(), [...kept, day(3), day(4)].sort());
  assert.deepEqual(rotate(folder, ROTATION), []);
});

test("one of a time to come, or an empty one, neither stands for a day nor takes the place of one", (t) => {
  const folder = temporaryFolder(t);
  const [first, second, third] = [1, 2, 3].map((date) => `daily-2026010${date}-030000.tar.gz`);
  const ahead = ["daily-20300101-000000.tar.gz", "daily-20310101-000000.tar.gz"];
  const empty = "daily-20260103-030001.tar.gz";
  for (const name of [first, second, third, ...ahead]) writeFileSync(join(folder, name ?? ""), "whole");
  writeFileSync(join(folder, empty), "");
  // Removed by somebody while it is looked at.
  symlinkSync("nowhere", join(folder, "daily-20260104-000000.tar.gz"));
  assert.equal(newestName(dailyArchives(folder), "UTC", NOW), third);
  assert.deepEqual(rotate(folder, ROTATION), [first]);
  assert.deepEqual(
    dailyArchives(folder).map(({ name }) => name),
    [second, third, empty, ...ahead],
  );
});

test("where summer time ends, the hour that comes twice is not to come", () => {
  const made = (time: string) => ({ name: archiveName("daily", new Date(time), "Europe/Berlin"), size: 1 });
  const at = new Date("2026-10-25T01:00:00Z");
  assert.equal(isAhead(made("2026-10-25T00:59:59Z"), "Europe/Berlin", at), false);
  assert.equal(isAhead(made("2026-10-25T04:00:00Z"), "Europe/Berlin", at), true);
});

test("a folder that is none is told so; one that is not there yet is empty", (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "file");
  assert.deepEqual(dailyArchives(file), []);
  writeFileSync(file, "");
  for (const place of [file, join(file, "below")])
    assert.throws(() => dailyArchives(place), {
      name: "StackError",
      message: `${place} 不能用作目录（ENOTDIR）：请在 .env 里把 BACKUP_DIR 换成一个目录，再执行 npm run apply；没有设 BACKUP_DIR 的，把它移开`,
    });
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
