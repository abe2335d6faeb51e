import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The database was written by a newer version of this program; the message is for the operator, who sees it in the log. */
export class DatabaseTooNewError extends Error {
  override readonly name = "DatabaseTooNewError";
}

/**
 * Opens a database that survives a power cut and brings it up to the newest migration.
 * @param path made with its folder if missing
 * @param migrations a folder of `001_name.sql`, `002_name.sql` …: never edited once released, only added to
 * @throws {DatabaseTooNewError}
 */
export function openDatabase(path: string, migrations: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Whoever else is writing, a person with sqlite3 for example, is waited for.
    const timeout = 5000;
    // A migration may put a new table in an old one's place: no row that refers to it goes with the old one.
    database = new DatabaseSync(path, { timeout, enableForeignKeyConstraints: false });
    // FULL: a commit returns only once the log is on the disk (https://sqlite.org/pragma.html#pragma_synchronous).
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    migrate(database, path, migrations);
    database.exec("PRAGMA foreign_keys = ON");
    return database;
  } catch (cause) {
    // The exporter tries again and again: each attempt would keep its files open.
    database?.close();
    if (cause instanceof DatabaseTooNewError) throw cause;
    throw new Error(`cannot open the database ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** The names of a folder's migrations, in order: their number is the version that a database has under this program. */
export function migrationFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
}

function migrate(database: DatabaseSync, path: string, folder: string): void {
  const files = migrationFiles(folder);
  const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  if (version > files.length) {
    throw new DatabaseTooNewError(
      `${path} 是更新的版本写的（第 ${version} 版，本程序认识到第 ${files.length} 版），没有改动：请换回较新的程序，或者恢复升级前的备份`,
    );
  }
  for (const [index, file] of files.entries()) {
    if (index < version) continue;
    transaction(database, () => {
      database.exec(readFileSync(join(folder, file), "utf8"));
      database.exec(`PRAGMA user_version = ${index + 1}`);
    });
  }
}

/** Runs `work` whole or not at all. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk may have rolled back already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
