import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
  truncateSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { refuseOthers } from "../service/refuse-others.ts";
import { toldByOwner } from "./owner.ts";
import { TemporaryError } from "./project.ts";
import { systemLock } from "./system-lock.ts";

/** What is locked out by another of its kind: backups do not keep a stack from being stopped. */
const BUSY = {
  lock: "另一个 npm start、npm stop、npm run apply 或 npm run restore 正在进行，请等它结束",
  "backup-lock": "另一个备份或恢复正在进行，请等它结束",
  "wecom-monitoring-lock":
    "这台机器上另一个 npm run install-service 或 uninstall-service 正在进行，请等它结束",
};

/** A machine has one service, whichever checkout it is of. */
export const withServiceLock = <T>(work: () => Promise<T>) => withLock("/run", work, "wecom-monitoring-lock");

/** https://sqlite.org/rescode.html#notadb */
const SQLITE_NOTADB = 26;

/**
 * Lets one start, stop, apply or restore work on a state folder at a time; or one backup or restore.
 * @throws {TemporaryError} while another one does
 */
export async function withLock<T>(
  folder: string,
  work: () => Promise<T>,
  name: keyof typeof BUSY = "lock",
): Promise<T> {
  refuseOthers(folder);
  const lock = take(join(folder, name));
  if (lock === undefined) throw new TemporaryError(BUSY[name]);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

/**
 * The file says nothing and stays, as who removes one that seems left over may remove it from under the next.
 * @returns undefined while another process has it
 */
function take(file: string): ReturnType<typeof systemLock> {
  prepare(file);
  try {
    return systemLock(file, 0);
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== SQLITE_NOTADB) throw error;
    // Of an earlier version, which wrote its process id. Whoever has taken it meanwhile keeps it.
    truncateSync(file);
    return take(file);
  }
}

/** For the folder's owner alone, also where root comes first. */
function prepare(file: string): void {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
    const { uid, gid } = statSync(folder);
    if (process.getuid?.() === 0) chownSync(file, uid, gid);
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw toldByOwner(file, "写入", error);
  }
}
