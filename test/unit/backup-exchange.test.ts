import assert from "node:assert/strict";
import fs, { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { discard, putBack, swap, unpack } from "../../scripts/backup/exchange.ts";
import { nativeStorage, type Storage } from "../../scripts/backup/storage.ts";
import { VOLUME_LOCK } from "../../scripts/backup/volume-lock.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { SILENT, saveSources } from "./support/backup.ts";
import { temporaryFolder } from "./support/folder.ts";
import { fillDisk, mountDisk } from "./support/small-disk.ts";

const options = { report: SILENT, signal: new AbortController().signal };

/** As it is natively: two parts share the folder in which those of the others are. */
function storageIn(folder: string): Storage {
  return nativeStorage({ ...statePaths(""), data: folder });
}

const OLD = {
  "events.db": "old",
  "events.db-wal": "old",
  "relay.db": "old",
  "prometheus/wal/00000001": "old",
  "prometheus/queries.active": "",
  "alertmanager/nflog": "old",
  "grafana/grafana.db": "old",
};
/** Without Grafana; an empty file is an empty database. */
const ARCHIVE = {
  "exporter/events.db": "",
  "relay/relay.db": "",
  "prometheus/wal/00000009": "new",
  "alertmanager/silences": "new",
};
const NEW = {
  "events.db": "",
  "relay.db": "",
  "prometheus/wal/00000009": "new",
  "alertmanager/silences": "new",
  "grafana/grafana.db": "old",
};

function fill(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );
}

function sorted(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).sort());
}

async function archiveOf(t: TestContext, files: Record<string, string>): Promise<string> {
  const file = join(temporaryFolder(t), "backup.tar.gz");
  await saveSources(
    file,
    Object.entries(files).map(([name, text]) => ({ name, text })),
  );
  return file;
}

/** Does work that a power cut ends after some renames. @returns whether it was cut */
function cutAfter(t: TestContext, renames: number, work: () => void): boolean {
  let left = renames;
  const real = fs.renameSync;
  const mock = t.mock.method(fs, "renameSync", (from: string, to: string) => {
    if (left-- === 0) throw new Error("power cut");
    real(from, to);
  });
  syncBuiltinESMExports();
  try {
    work();
    return false;
  } catch (error) {
    assert.equal((error as Error).message, "power cut");
    return true;
  } finally {
    mock.mock.restore();
    syncBuiltinESMExports();
  }
}

test("unpacked, swapped, discarded: the new is there alone, and what the archive has nothing of", async (t) => {
  const folder = temporaryFolder(t);
  const storage = storageIn(folder);
  fill(folder, OLD);
  await unpack(await archiveOf(t, ARCHIVE), storage, options);
  // Held by a container that is at work.
  const lock = { [join("prometheus", VOLUME_LOCK)]: "" };
  fill(folder, lock);
  swap(storage);
  discard(storage);
  assert.deepEqual(contents(folder), sorted({ ...NEW, ...lock }));
});

test("a power cut anywhere in the swap, and anywhere on the way back: the old is found again", async (t) => {
  const file = await archiveOf(t, ARCHIVE);
  // In memory: it is done a hundred times, and each time synced.
  const disk = mountDisk(t, 32);
  let isCut = true;
  for (let renames = 0; isCut; renames++) {
    for (let backwards = 0, isCutAgain = true; isCutAgain; backwards++) {
      const folder = join(disk, `${renames}-${backwards}`);
      const storage = storageIn(folder);
      fill(folder, OLD);
      await unpack(file, storage, options);
      isCut = cutAfter(t, renames, () => swap(storage));
      isCutAgain = cutAfter(t, backwards, () => putBack(storage));
      putBack(storage);
      assert.deepEqual(contents(folder), sorted(OLD), `cut after ${renames}, then after ${backwards}`);
    }
    assert.ok(renames < 20);
  }
});

test("a restore after one whose old was not removed any more: that is not what it goes back to", async (t) => {
  const folder = temporaryFolder(t);
  const storage = storageIn(folder);
  fill(folder, OLD);
  const file = await archiveOf(t, ARCHIVE);
  await unpack(file, storage, options);
  swap(storage);
  await unpack(file, storage, options);
  putBack(storage);
  assert.deepEqual(contents(folder), sorted(NEW));
});

test("a database that is none is refused before anything is moved", async (t) => {
  const folder = temporaryFolder(t);
  const storage = storageIn(folder);
  fill(folder, OLD);
  const file = await archiveOf(t, { "relay/relay.db": "this is no database".repeat(100) });
  await assert.rejects(unpack(file, storage, options), /里面的 relay\/relay\.db 不是数据库/);
  assert.deepEqual(contents(folder), sorted(OLD));
});

test("no room for it: all is as before", async (t) => {
  const folder = mountDisk(t);
  const storage = storageIn(folder);
  fill(folder, OLD);
  const file = await archiveOf(t, { "prometheus/wal/00000002": "x".repeat(1024 * 1024) });
  fillDisk(folder, 512 * 1024);
  await assert.rejects(unpack(file, storage, options), /^StackError: 磁盘已满：放不下备份里的数据/);
  rmSync(join(folder, "filler"));
  assert.deepEqual(contents(folder), sorted(OLD));
});
