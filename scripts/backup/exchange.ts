import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { inStep, type Report } from "../stack/report.ts";
import { syncFolder, syncFolders } from "../stack/sync.ts";
import { readArchive } from "./archive.ts";
import { ArchiveError } from "./archive-error.ts";
import { diskTrouble, RESTORE_REMEDIES } from "./disk-trouble.ts";
import { CONFIG, DOTENV } from "./manifest.ts";
import { foldersOf, placeOf, type Storage } from "./storage.ts";
import { VOLUME_LOCK } from "./volume-lock.ts";

/*
 * What a restore puts in place of what is there, within each folder, as a volume's root itself cannot be renamed:
 *
 *   data                      as it was                       unpack ▼
 *   data, NEW                 the archive's, beside it        swap ▼
 *   MOVING, NEW               some of the old already aside
 *   OLD, data                 the archive's in place          discard ▼ or put back ▲
 *
 * What stands in a folder while there is MOVING is old; while there is OLD it is new. So `putBack` finds its way from
 * wherever a power cut has left things, its own middle included. A folder of which the archive has nothing has no NEW,
 * and stays as it is.
 */
const NEW = ".restore-new";
const MOVING = ".restore-moving";
const OLD = ".restore-old";

/**
 * Puts an archive's files beside what is there, all of it on the disk when this returns. config.ini and .env belong
 * elsewhere and are left out.
 * @throws {ArchiveError} when it is damaged, or one of its databases is
 * @throws {StackError} when the disk is full
 */
export async function unpack(
  file: string,
  storage: Storage,
  { report, signal }: { report: Report; signal: AbortSignal },
): Promise<void> {
  await inStep(report, "解开备份，放在现有数据旁边", async (step) => {
    // What is left of a restore that was over must not look like the old of this one.
    discard(storage);
    try {
      await writeFiles(file, storage, { signal, progress: step.progress });
      for (const fresh of present(storage, NEW)) syncFolders(fresh);
      for (const folder of foldersOf(storage).filter(existsSync)) syncFolder(folder);
    } catch (error) {
      discard(storage);
      throw diskTrouble(error, RESTORE_REMEDIES);
    }
    step.done();
  });
}

async function writeFiles(
  file: string,
  storage: Storage,
  { signal, progress }: { signal: AbortSignal; progress: (name: string) => void },
): Promise<void> {
  let output: FileHandle | undefined;
  try {
    const manifest = await readArchive(file, {
      async begin(name) {
        signal.throwIfAborted();
        progress(name);
        if (name === CONFIG || name === DOTENV) return;
        const path = placeOf(storage, name, NEW);
        mkdirSync(dirname(path), { recursive: true, mode: 0o770 });
        output = await open(path, "wx", 0o660);
      },
      async write(piece) {
        await output?.writeFile(piece);
      },
      async end() {
        await output?.sync();
        await output?.close();
        output = undefined;
      },
    });
    for (const { name } of manifest.files.filter(({ name }) => name.endsWith(".db"))) {
      checkDatabase(placeOf(storage, name, NEW), name);
    }
  } finally {
    await output?.close();
  }
}

/** @throws {ArchiveError} */
function checkDatabase(path: string, name: string): void {
  const database = new DatabaseSync(path);
  try {
    const [first] = database.prepare("PRAGMA quick_check").all();
    if (first?.quick_check !== "ok") throw new ArchiveError(`里面的数据库 ${name} 已损坏`);
  } catch (cause) {
    throw cause instanceof ArchiveError ? cause : new ArchiveError(`里面的 ${name} 不是数据库`, { cause });
  } finally {
    database.close();
  }
}

/** What was unpacked takes the place of what is there; on the disk when this returns. */
export function swap(storage: Storage): void {
  for (const folder of foldersOf(storage)) {
    const fresh = join(folder, NEW);
    if (!existsSync(fresh)) continue;
    moveAll(folder, join(folder, MOVING), storage);
    renameSync(join(folder, MOVING), join(folder, OLD));
    moveAll(fresh, folder, storage);
    rmSync(fresh, { recursive: true });
    syncFolder(join(folder, OLD));
    syncFolder(folder);
  }
}

/** All is as it was before `unpack`, whatever has been done since; on the disk when this returns. */
export function putBack(storage: Storage): void {
  for (const folder of foldersOf(storage).filter(existsSync)) {
    const moving = join(folder, MOVING);
    const old = join(folder, OLD);
    if (existsSync(old)) {
      for (const name of contents(folder, storage)) rmSync(join(folder, name), { recursive: true });
      renameSync(old, moving);
    }
    if (existsSync(moving)) {
      moveAll(moving, folder, storage);
      rmSync(moving, { recursive: true });
    }
    rmSync(join(folder, NEW), { recursive: true, force: true });
    syncFolder(folder);
  }
}

/** What is in place counts: neither what was there before is needed any more, nor what has not come into its place. */
export function discard(storage: Storage): void {
  for (const path of [...present(storage, NEW), ...present(storage, OLD)])
    rmSync(path, { recursive: true, force: true });
}

function present(storage: Storage, subfolder: string): string[] {
  return foldersOf(storage)
    .map((folder) => join(folder, subfolder))
    .filter(existsSync);
}

function moveAll(from: string, to: string, storage: Storage): void {
  mkdirSync(to, { recursive: true, mode: 0o770 });
  for (const name of contents(from, storage)) renameSync(join(from, name), join(to, name));
}

/** Without the folders within that have their own turn. */
function contents(folder: string, storage: Storage): string[] {
  const others = [NEW, MOVING, OLD, VOLUME_LOCK, "lost+found"]
    .map((name) => join(folder, name))
    .concat(foldersOf(storage));
  return readdirSync(folder).filter((name) => !others.includes(join(folder, name)));
}
