import { DatabaseSync } from "node:sqlite";

/** https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * A lock of the kernel's (fcntl(2), by way of SQLite) on a file that stays empty: it goes with its process, however that
 * ends, and counts in every container that sees the file. Closing it lets go.
 * @param patience milliseconds to wait for another process
 * @returns undefined while another process has it
 * @throws SQLite's error where the file is anything else
 */
export function systemLock(file: string, patience: number): DatabaseSync | undefined {
  const database = new DatabaseSync(file, { timeout: patience });
  try {
    // Without a journal beside it, as nothing is ever written.
    database.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}
