import assert from "node:assert/strict";
import fs, { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { discard, putBack, swap, unpack } from "../../scripts/backup/exchange.ts";
import type { Storage } from "../../scripts/backup/storage.ts";
import { saveSources } from "./support/backup.ts";
import { temporaryFolder } from "./support/folder.ts";
import { fillDisk, mountDisk } from "./support/small-disk.ts";

const options = { signal: new AbortController().signal, progress() {} };

/** As with Docker: two volumes, whose roots cannot be renamed. */
function storageIn(folder: string): Storage {
  const root = (name: string) => join(folder, name);
  const folders = {
    exporter: root("exporter"),
    relay: root("relay"),
    prometheus: root("prometheus"),
    alertmanager: root("alertmanager"),
    grafana: root("grafana"),
  };
  return { folders, roots: [folders.prometheus, folders.alertmanager], config: "" };
}

const OLD = {
  "prometheus/wal/00000001": "old",
  "prometheus/queries.active": "",
  "alertmanager/nflog": "old",
};
const NEW = { "prometheus/wal/00000009": "new", "alertmanager/silences": "new" };

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

test("unpacked, swapped, discarded: only the new is there", async (t) => {
  const folder = temporaryFolder(t);
  const storage = storageIn(folder);
  fill(folder, OLD);
  await unpack(await archiveOf(t, NEW), storage, options);
  swap(storage);
  discard(storage);
  assert.deepEqual(contents(folder), sorted(NEW));
});

test("a power cut anywhere in the swap, and anywhere on the way back: the old is found again", async (t) => {
  const file = await archiveOf(t, NEW);
  let isCut = true;
  for (let renames = 0; isCut; renames++) {
    for (let backwards = 0, isCutAgain = true; isCutAgain; backwards++) {
      const folder = temporaryFolder(t);
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
  await unpack(await archiveOf(t, NEW), storage, options);
  swap(storage);
  await unpack(await archiveOf(t, OLD), storage, options);
  putBack(storage);
  assert.deepEqual(contents(folder), sorted(NEW));
});

test("a database that is none is refused before anything is moved", async (t) => {
  const folder = temporaryFolder(t);
  const storage = { ...storageIn(folder), roots: [folder] };
  fill(folder, OLD);
  const file = await archiveOf(t, { "relay/relay.db": "this is no database".repeat(100) });
  await assert.rejects(unpack(file, storage, options), /里面的 relay\/relay\.db 不是数据库/);
  assert.deepEqual(contents(folder), sorted(OLD));
});

test("no room for it: all is as before", async (t) => {
  const folder = mountDisk(t);
  const storage = { ...storageIn(folder), roots: [folder] };
  fill(folder, OLD);
  const before = readdirSync(folder);
  const file = await archiveOf(t, { "prometheus/wal/00000002": "x".repeat(1024 * 1024) });
  fillDisk(folder, 512 * 1024);
  await assert.rejects(unpack(file, storage, options), { code: "ENOSPC" });
  assert.deepEqual(readdirSync(folder).sort(), [...before, "filler"].sort());
});
