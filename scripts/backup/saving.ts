import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { inStep, type Report } from "../stack/report.ts";
import { syncFolder } from "../stack/sync.ts";
import { tellSize } from "../stack/tell-size.ts";
import { readArchive } from "./archive.ts";
import { archiveRemedies, diskTrouble } from "./disk-trouble.ts";
import type { Manifest } from "./manifest.ts";

/** Ends the name of what is not finished. */
const PARTIAL = ".partial";

/** The folder beside an archive in which copies are made on the way. */
export function scratchOf(file: string): string {
  return `${file}${PARTIAL}.d`;
}

export interface Saving {
  report: Report;
  signal: AbortSignal;
  /** What to do where the folder cannot be written to, if it is not one of this machine's. */
  closed?: string | undefined;
}

/**
 * Writes an archive so that under its name there is a whole one, read again to its end, or none. The folder's group may
 * read it, where the umask lets it.
 * @param write makes what is to be in the file
 * @throws {StackError} when the disk is full or closed, or the archive does not read as it was written
 */
export async function saveArchive(
  file: string,
  write: (signal: AbortSignal) => Readable,
  { report, signal, closed }: Saving,
): Promise<Manifest> {
  const folder = dirname(file);
  const partial = `${file}${PARTIAL}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await removePartials(file);
    const output = createWriteStream(partial, { mode: 0o640, flags: "wx", flush: true });
    await pipeline(write(signal), createGzip(), output, { signal });
    return await inStep(report, "重新读一遍，核对每个文件", async (step) => {
      const manifest = await readArchive(partial);
      signal.throwIfAborted();
      await rename(partial, file);
      syncFolder(folder);
      const size = manifest.files.reduce((sum, { size }) => sum + size, 0);
      step.done(`${manifest.files.length} 个文件，${tellSize(size)}`);
      return manifest;
    });
  } catch (error) {
    throw diskTrouble(error, archiveRemedies(folder, closed));
  } finally {
    // What went wrong first is what is told.
    await rm(partial, { force: true }).catch(() => {});
  }
}

/**
 * What backups of the same kind left that were killed; of each kind one runs at a time. The folder may be on a disk that
 * others use, too.
 */
async function removePartials(file: string): Promise<void> {
  const [kind] = basename(file).split("-");
  const left = new RegExp(`^${kind}-\\d{8}-\\d{6}\\.tar\\.gz\\${PARTIAL}(\\.d)?$`);
  const names = (await readdir(dirname(file))).filter((name) => left.test(name));
  for (const name of names) await rm(join(dirname(file), name), { recursive: true, force: true });
}
