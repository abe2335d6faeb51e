import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase, transaction } from "../../../service/database.ts";

/** @throws when the disk refuses, or the database is of a newer version */
export function openOutbox(dataDir: string): DatabaseSync {
  return openDatabase(join(dataDir, "relay.db"), join(import.meta.dirname, "migrations"));
}

/** Whether the disk takes anything. @throws what trying again later does not help against */
export function findDiskProblem(dataDir: string): Error | undefined {
  let database: DatabaseSync | undefined;
  try {
    const outbox = openOutbox(dataDir);
    database = outbox;
    const version = Number(outbox.prepare("PRAGMA user_version").get()?.user_version);
    transaction(outbox, () => outbox.exec(`PRAGMA user_version = ${version}`));
    return undefined;
  } catch (error) {
    if (isOfTheDisk(error)) return error as Error;
    throw error;
  } finally {
    database?.close();
  }
}

/** Read-only, I/O error, full, cannot open (https://sqlite.org/rescode.html). */
const DISK_CODES = [8, 10, 13, 14];
const DISK_ERRORS = ["ENOSPC", "EDQUOT", "EROFS", "EIO"];

function isOfTheDisk(error: unknown): boolean {
  const { code, errcode, cause } = error as { code?: string; errcode?: number; cause?: unknown };
  // The lower byte is the kind, the others say more of it.
  if (errcode !== undefined) return DISK_CODES.includes(errcode & 0xff);
  return DISK_ERRORS.includes(code ?? "") || (cause !== undefined && isOfTheDisk(cause));
}
