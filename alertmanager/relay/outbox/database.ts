import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase, transaction } from "../../../service/database.ts";
import { endLeases } from "./queue.ts";

/** @throws when the disk refuses, or the database is of a newer version */
export function openOutbox(dataDir: string): DatabaseSync {
  return openDatabase(fileIn(dataDir), join(import.meta.dirname, "migrations"));
}

/**
 * Writes all that is written before the relay takes its first alert: migrations, and the end of every lease.
 * @throws when the disk refuses (isOfTheDisk), or what trying again later does not help against
 */
export function prepareOutbox(dataDir: string): void {
  // SQLite says of what is not ours to write that it is read-only, as it says of a disk.
  for (const path of [dataDir, fileIn(dataDir)])
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
  const database = openOutbox(dataDir);
  try {
    transaction(database, () => {
      endLeases(database);
      // Also when nothing was leased something is written.
      const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
      database.exec(`PRAGMA user_version = ${version}`);
    });
  } finally {
    database.close();
  }
}

/** Read-only, I/O error, full, cannot open (https://sqlite.org/rescode.html). */
const DISK_CODES = [8, 10, 13, 14];
const DISK_ERRORS = ["ENOSPC", "EDQUOT", "EROFS", "EIO"];

/** Whether it is the disk that takes nothing, perhaps only for now. */
export function isOfTheDisk(error: unknown): boolean {
  const { code, errcode, cause } = error as { code?: string; errcode?: number; cause?: unknown };
  // The lower byte is the kind, the others say more of it.
  if (errcode !== undefined) return DISK_CODES.includes(errcode & 0xff);
  return DISK_ERRORS.includes(code ?? "") || (cause !== undefined && isOfTheDisk(cause));
}

function fileIn(dataDir: string): string {
  return join(dataDir, "relay.db");
}
