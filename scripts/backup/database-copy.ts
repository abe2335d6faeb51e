import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { StackError } from "../stack/project.ts";
import { dataDiskFull, isDiskFull } from "./disk-trouble.ts";

/** All pages in one step: otherwise each write of a service makes the copy begin anew (sqlite3_backup_step). */
const ALL_PAGES = 0x7fffffff;
/** Bytes; what SQLite makes beside a database at least takes 32 KiB (https://sqlite.org/walformat.html#shm). */
const ROOM = 1024 * 1024;

/**
 * Copies a database by SQLite's own means, which takes no harm from whoever writes at the same time.
 * @throws {StackError} what a full disk with the data is told as, too
 * @throws {Error} where the disk with the copy is full: what to do about that one its owner knows (disk-trouble.ts)
 */
export async function copyDatabase(path: string, copy: string): Promise<void> {
  try {
    using database = new DatabaseSync(path, { timeout: 10_000 });
    await backup(database, copy, { rate: ALL_PAGES });
  } catch (error) {
    throw await describe(error as Error, path, copy);
  }
}

/** On a full disk SQLite may also say that it cannot read, or cannot open. */
async function describe(cause: Error, path: string, copy: string): Promise<Error> {
  if (await isFull(dirname(path))) return dataDiskFull(dirname(path), cause);
  if (isDiskFull(cause) || (await isFull(dirname(copy)))) {
    return new Error(`${copy}: disk is full`, { cause });
  }
  return new StackError(
    `无法备份 ${path}：${cause.message}。请先执行 npm run doctor，照它说的办；它没有发现问题的，检查硬盘：dmesg | tail`,
    { cause },
  );
}

async function isFull(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < ROOM;
}
