import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { platform } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { DatabaseTooNewError, openDatabase, transaction } from "../../service/database.ts";
import { temporaryFolder } from "./support/folder.ts";

function migrations(folder: string, ...statements: string[]): string {
  const path = join(folder, `migrations-${statements.length}`);
  mkdirSync(path);
  for (const [index, sql] of statements.entries()) writeFileSync(join(path, `00${index + 1}_step.sql`), sql);
  return path;
}

test("a commit is on the disk before it returns, and a reader does not hold up the writer", (t) => {
  const folder = temporaryFolder(t);
  const database = openDatabase(join(folder, "a.db"), migrations(folder, "CREATE TABLE a (x)"));
  t.after(() => database.close());
  // 2 is FULL.
  assert.equal(database.prepare("PRAGMA synchronous").get()?.synchronous, 2);
  assert.equal(database.prepare("PRAGMA journal_mode").get()?.journal_mode, "wal");
});

test("an older database is brought up to date with its rows, a newer one is refused", (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "a.db");
  const first = migrations(folder, "CREATE TABLE a (x)");
  const both = migrations(folder, "CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 7");
  const old = openDatabase(file, first);
  old.exec("INSERT INTO a VALUES (1)");
  old.close();
  const current = openDatabase(file, both);
  assert.deepEqual({ ...current.prepare("SELECT * FROM a").get() }, { x: 1, y: 7 });
  current.close();
  assert.throws(() => openDatabase(file, first), DatabaseTooNewError);
});

test("a migration that replaces a table keeps what refers to it, and later references hold", (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "a.db");
  const tables = `CREATE TABLE a (id INTEGER PRIMARY KEY);
    CREATE TABLE b (a INTEGER REFERENCES a (id) ON DELETE CASCADE)`;
  const replace = `CREATE TABLE anew (id INTEGER PRIMARY KEY); INSERT INTO anew SELECT id FROM a;
    DROP TABLE a; ALTER TABLE anew RENAME TO a`;
  const old = openDatabase(file, migrations(folder, tables));
  old.exec("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)");
  old.close();
  const database = openDatabase(file, migrations(folder, tables, replace));
  t.after(() => database.close());
  const count = () => database.prepare("SELECT count(*) AS n FROM b").get()?.n;
  assert.equal(count(), 1);
  assert.throws(() => database.exec("INSERT INTO b VALUES (2)"), /FOREIGN KEY/);
  database.exec("DELETE FROM a");
  assert.equal(count(), 0);
});

test("a transaction that throws leaves nothing behind", (t) => {
  const folder = temporaryFolder(t);
  const database = openDatabase(join(folder, "a.db"), migrations(folder, "CREATE TABLE a (x)"));
  t.after(() => database.close());
  const work = () => {
    database.exec("INSERT INTO a VALUES (1)");
    throw new Error("no");
  };
  assert.throws(() => transaction(database, work), /no/);
  assert.equal(database.prepare("SELECT count(*) AS n FROM a").get()?.n, 0);
});

test("a database that cannot be opened does not stay open, however often it is tried", {
  skip: platform() !== "linux" && "open files are counted in /proc",
}, (t) => {
  const path = join(temporaryFolder(t), "data.db");
  writeFileSync(path, "this is no database\n".repeat(500));
  for (let attempt = 0; attempt < 5; attempt += 1) {
    assert.throws(() => openDatabase(path, dirname(path)), /file is not a database/);
  }
  const open = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  assert.deepEqual(
    open.filter((file) => file.startsWith(path)),
    [],
  );
});
