import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { discard, swap, unpack } from "../../scripts/backup/exchange.ts";
import { pack } from "../../scripts/backup/packing.ts";
import { saveArchive, scratchOf } from "../../scripts/backup/saving.ts";
import { nativeStorage, type Storage } from "../../scripts/backup/storage.ts";
import { VOLUME_LOCK } from "../../scripts/backup/volume-lock.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { SILENT } from "./support/backup.ts";
import { temporaryFolder } from "./support/folder.ts";

const options = { report: SILENT, signal: new AbortController().signal };

function native(t: TestContext): Storage {
  return nativeStorage({ ...statePaths(""), data: temporaryFolder(t) });
}

/** A volume for each part, as with Docker. */
function volumes(t: TestContext): Storage {
  const folder = temporaryFolder(t);
  const names = ["exporter", "relay", "prometheus", "alertmanager", "grafana"];
  return Object.fromEntries(names.map((name) => [name, join(folder, name)])) as Storage;
}

function fill(storage: Storage): void {
  for (const folder of Object.values(storage)) mkdirSync(folder, { recursive: true });
  for (const [part, name] of [
    ["exporter", "events.db"],
    ["relay", "relay.db"],
    ["grafana", "grafana.db"],
  ] as const) {
    const database = new DatabaseSync(join(storage[part], name));
    database.exec(
      `PRAGMA journal_mode = WAL; CREATE TABLE facts (fact); INSERT INTO facts VALUES ('${part}')`,
    );
    database.close();
  }
  for (const path of [
    join(storage.prometheus, "wal/00000001"),
    join(storage.alertmanager, "silences"),
    join(storage.alertmanager, "nflog"),
  ]) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `what was in ${relative(storage.prometheus, path)}`);
  }
}

/** What each part knows. */
function knowledge(storage: Storage): unknown {
  const fact = (path: string) => {
    using database = new DatabaseSync(path, { readOnly: true });
    return database.prepare("SELECT fact FROM facts").get()?.fact;
  };
  return {
    exporter: fact(join(storage.exporter, "events.db")),
    relay: fact(join(storage.relay, "relay.db")),
    grafana: fact(join(storage.grafana, "grafana.db")),
    prometheus: readFileSync(join(storage.prometheus, "wal/00000001"), "utf8"),
    alertmanager: readdirSync(storage.alertmanager).sort(),
  };
}

async function move(t: TestContext, from: Storage, to: Storage): Promise<void> {
  const file = join(temporaryFolder(t), "backup.tar.gz");
  const collection = { storage: from, servers: {}, scratch: scratchOf(file), config: "", variables: [] };
  await saveArchive(file, () => pack({ ...collection, dotenv: undefined, ...options }), {
    ...options,
    closed: "",
  });
  await unpack(file, to, options);
  swap(to);
  discard(to);
}

test("what was backed up natively is restored in volumes, and the other way round", async (t) => {
  const [machine, containers, other] = [native(t), volumes(t), native(t)];
  fill(machine);
  const known = knowledge(machine);
  await move(t, machine, containers);
  assert.deepEqual(knowledge(containers), known);
  await move(t, containers, other);
  assert.deepEqual(knowledge(other), known);
});

test("a volume that is there but empty is nothing to back up", async (t) => {
  const storage = volumes(t);
  for (const folder of Object.values(storage)) mkdirSync(folder, { recursive: true });
  writeFileSync(join(storage.prometheus, VOLUME_LOCK), "");
  await assert.rejects(move(t, storage, native(t)), /StackError: 这里还没有数据，没有什么可备份的/);
});
