import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isService } from "../service/names.ts";
import { StackError, TemporaryError } from "./project.ts";

/** What is locked out by another of its kind: backups do not keep a stack from being stopped. */
const BUSY = {
  lock: "另一个 npm start、npm stop、npm run apply 或 npm run restore 正在进行，请等它结束",
  "backup-lock": "另一个备份或恢复正在进行，请等它结束",
};

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
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  if (isHeld(file)) throw new TemporaryError(BUSY[name]);
  rmSync(file, { force: true });
  const lock = openSync(file, "wx", 0o600);
  writeSync(lock, String(process.pid));
  closeSync(lock);
  const release = () => rmSync(file, { force: true });
  // Also where the operator does not wait for the end.
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}

/** A service's folder is root's. @throws {StackError} */
function refuseOthers(folder: string): void {
  if (isService(folder) && process.getuid?.() !== 0) {
    throw new StackError("监控已安装成系统服务：请用 root 执行，例如在命令前加 sudo");
  }
}

/** One whose process has gone is left over. */
function isHeld(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
