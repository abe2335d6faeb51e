import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readArchive } from "./archive.ts";
import { ArchiveError } from "./archive-error.ts";
import { CONFIG, DOTENV } from "./manifest.ts";
import { placeOf, type Storage } from "./storage.ts";

/*
 * What a restore puts in place of what is there, within each root, as a volume's root itself cannot be renamed:
 *
 *   data                      as it was                       unpack ▼
 *   data, NEW                 the archive's, beside it        swap ▼
 *   MOVING, NEW               some of the old already aside
 *   OLD, data                 the archive's in place          discard ▼ or put back ▲
 *
 * What stands in a root while there is MOVING is old; while there is OLD it is new. So `putBack` finds its way from
 * wherever a power cut has left things, its own middle included.
 */
const NEW = ".restore-new";
const MOVING = ".restore-moving";
const OLD = ".restore-old";

/**
 * Puts an archive's files beside what is there, each on the disk when this returns. config.ini and .env belong
 * elsewhere and are left out.
 * @throws {ArchiveError} when it is damaged, or one of its databases is
 */
export async function unpack(
  file: string,
  storage: Storage,
  { signal, progress }: { signal: AbortSignal; progress: (name: string) => void },
): Promise<void> {
  forget(storage, NEW);
  // Left by a restore that was over: it must not look like the old of this one.
  forget(storage, OLD);
  for (const root of storage.roots) mkdirSync(join(root, NEW), { recursive: true, mode: 0o770 });
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
  } catch (error) {
    await output?.close();
    forget(storage, NEW);
    throw error;
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

/** What was unpacked takes the place of what is there. */
export function swap({ roots }: Storage): void {
  for (const root of roots) {
    moveAll(root, join(root, MOVING));
    renameSync(join(root, MOVING), join(root, OLD));
    moveAll(join(root, NEW), root);
    rmSync(join(root, NEW), { recursive: true });
  }
}

/** All is as it was before `unpack`, whatever has been done since. */
export function putBack(storage: Storage): void {
  for (const root of storage.roots) {
    const moving = join(root, MOVING);
    const old = join(root, OLD);
    if (existsSync(old)) {
      for (const name of contents(root)) rmSync(join(root, name), { recursive: true });
      renameSync(old, moving);
    }
    if (!existsSync(moving)) continue;
    moveAll(moving, root);
    rmSync(moving, { recursive: true });
  }
  forget(storage, NEW);
}

/** What was there before is no longer needed. */
export function discard(storage: Storage): void {
  forget(storage, OLD);
}

function forget({ roots }: Storage, subfolder: string): void {
  for (const root of roots) rmSync(join(root, subfolder), { recursive: true, force: true });
}

function moveAll(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o770 });
  for (const name of contents(from)) renameSync(join(from, name), join(to, name));
}

function contents(folder: string): string[] {
  return readdirSync(folder).filter((name) => ![NEW, MOVING, OLD, "lost+found"].includes(name));
}
