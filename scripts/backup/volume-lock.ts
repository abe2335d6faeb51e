import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TemporaryError } from "../stack/project.ts";

/** The name of the file by which it is locked; no part's own, so a restore leaves it where it is. */
export const VOLUME_LOCK = ".backup-lock";

/** https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Lets one container at a time work on a volume. The lock of the commands on the host is not for containers to see, and
 * a process id means nothing in another one. This is the kernel's (fcntl(2), by way of SQLite), which goes with its
 * process: a kill or a power cut leaves none behind.
 * @param patience milliseconds to wait for another one
 * @throws {TemporaryError} while another one is at work
 */
export async function withVolumeLock(
  folder: string,
  patience: number,
  work: () => Promise<void> | void,
): Promise<void> {
  const database = new DatabaseSync(join(folder, VOLUME_LOCK), { timeout: patience });
  try {
    take(database);
    await work();
  } finally {
    database.close();
  }
}

function take(database: DatabaseSync): void {
  try {
    // Without a journal beside it, as nothing is ever written.
    database.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE");
  } catch (cause) {
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw cause;
    throw new TemporaryError("另一个备份或恢复正在进行，请等它结束", { cause });
  }
}
