import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { StackError } from "./project.ts";

/**
 * Lets one start, stop or apply work on a state folder at a time.
 * @throws {StackError} while another one does
 */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "lock");
  if (isHeld(file)) throw new StackError("另一个 npm start、npm stop 或 npm run apply 正在进行，请等它结束");
  rmSync(file, { force: true });
  const lock = openSync(file, "wx", 0o600);
  writeSync(lock, String(process.pid));
  closeSync(lock);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
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
