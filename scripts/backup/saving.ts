import { createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { StackError } from "../stack/project.ts";
import type { Report } from "../stack/report.ts";
import { tellSize } from "../stack/tell-size.ts";
import { readArchive } from "./archive.ts";
import type { Manifest } from "./manifest.ts";

/** Ends the name of what is not finished. */
const PARTIAL = ".partial";

/** The folder beside an archive in which copies are made on the way. */
export function scratchOf(file: string): string {
  return `${file}${PARTIAL}.d`;
}

/**
 * Writes an archive so that under its name there is a whole one, read again to its end, or none.
 * @param write makes what is to be in the file
 * @throws {StackError} when the disk is full, or the archive does not read as it was written
 */
export async function saveArchive(
  file: string,
  write: (signal: AbortSignal) => Readable,
  { report, signal }: { report: Report; signal: AbortSignal },
): Promise<Manifest> {
  const partial = `${file}${PARTIAL}`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await removePartials(dirname(file));
  try {
    const output = createWriteStream(partial, { mode: 0o600, flags: "wx", flush: true });
    await pipeline(write(signal), createGzip(), output, { signal });
    const step = report.begin("重新读一遍，核对每个文件");
    const manifest = await readArchive(partial);
    signal.throwIfAborted();
    await rename(partial, file);
    await syncFolder(dirname(file));
    const size = manifest.files.reduce((sum, { size }) => sum + size, 0);
    step.done(`${manifest.files.length} 个文件，${tellSize(size)}`);
    return manifest;
  } catch (error) {
    throw describe(error, dirname(file));
  } finally {
    await rm(partial, { force: true });
    await rm(scratchOf(file), { recursive: true, force: true });
  }
}

/** What backups left that were killed; only one runs at a time. */
async function removePartials(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith(PARTIAL) || name.endsWith(`${PARTIAL}.d`)) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** A name is on the disk once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Told by the system, or by SQLite. */
export function isDiskFull(error: unknown): boolean {
  const { code, message, cause } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || /disk is full/.test(`${message} ${(cause as Error | undefined)?.message}`);
}

function describe(error: unknown, folder: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (isDiskFull(error))
    return new StackError(`磁盘已满：请在 ${folder} 腾出空间，或者换一个目录`, {
      cause: error,
    });
  if (code === "EACCES" || code === "EROFS")
    return new StackError(`无法写入 ${folder}（${code}）`, { cause: error });
  return error;
}
