import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { createTarDecoder, createTarPacker, type TarPackController } from "modern-tar";
import { ArchiveError } from "./archive-error.ts";
import {
  type ArchivedFile,
  createManifest,
  type Facts,
  isArchiveName,
  MANIFEST,
  type Manifest,
  parseManifest,
} from "./manifest.ts";

/** Something to put into an archive: a file of the disk, or a text. */
export type Source = { name: string; path: string } | { name: string; text: string };

/** Larger than any manifest: a name and a checksum a file. */
const MANIFEST_LIMIT = 64 * 1024 * 1024;

/**
 * The bytes of a tar file with all sources and, last of all, the manifest.
 * @param facts is asked at the end: by then every source has been collected
 */
export async function* packArchive(
  sources: AsyncIterable<Source>,
  facts: () => Facts,
): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const packing = pack(sources, facts, controller).catch((error) => controller.error(error));
  try {
    yield* readable;
  } finally {
    // Also where nobody reads on: what the sources have made on the way is cleared away by then.
    await packing;
  }
}

async function pack(
  sources: AsyncIterable<Source>,
  facts: () => Facts,
  tar: TarPackController,
): Promise<void> {
  const now = new Date();
  const files: ArchivedFile[] = [];
  async function add(name: string, { size, pieces }: Content): Promise<void> {
    const hash = createHash("sha256");
    const entry = tar.add({ name, size, mtime: now, mode: 0o600 }).getWriter();
    for await (const piece of pieces) {
      hash.update(piece);
      await entry.write(piece);
    }
    await entry.close();
    files.push({ name, size, sha256: hash.digest("hex") });
  }
  for await (const source of sources) {
    await add(source.name, "text" in source ? ofText(source.text) : await ofFile(source.path));
  }
  await add(MANIFEST, ofText(`${JSON.stringify(createManifest(facts(), files, now), null, 2)}\n`));
  tar.finalize();
}

interface Content {
  size: number;
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>;
}

function ofText(text: string): Content {
  const bytes = Buffer.from(text);
  return { size: bytes.length, pieces: [bytes] };
}

/** As much as it had when it was opened: one that is replaced meanwhile stays what it was. */
async function ofFile(path: string): Promise<Content> {
  const file = await open(path);
  const { size } = await file.stat();
  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      if (size === 0) return;
      let sent = 0;
      for await (const piece of file.createReadStream({ end: size - 1, autoClose: false })) {
        sent += (piece as Buffer).length;
        yield piece as Buffer;
      }
      if (sent < size) throw new Error(`${path} became shorter while it was read`);
    } finally {
      await file.close();
    }
  }
  return { size, pieces: pieces() };
}

/** Is handed each file of an archive while it is read. */
export interface Unpacking {
  begin(name: string): Promise<void> | void;
  write(piece: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/**
 * Reads an archive to its end and compares every byte with the manifest.
 * @param unpacking what to do with the files, if anything; what it has written counts only once this returns
 * @throws {ArchiveError} when it is damaged, incomplete, no backup, or of a newer program
 */
export async function readArchive(path: string, unpacking?: Unpacking): Promise<Manifest> {
  const found: ArchivedFile[] = [];
  let unknown: string | undefined;
  let manifest: string | undefined;
  for await (const { header, body } of described(tarEntries(path))) {
    const { name, size } = header;
    if (name === MANIFEST) {
      if (size > MANIFEST_LIMIT) throw new ArchiveError("清单已损坏");
      manifest = await text(described(body));
    } else {
      if (!isArchiveName(name)) unknown ??= name;
      const take = unknown === undefined ? unpacking : undefined;
      await take?.begin(name);
      found.push({ name, size, sha256: await read(described(body), take) });
      await take?.end();
    }
  }
  if (manifest === undefined) throw new ArchiveError("里面没有清单，不是本系统的备份");
  const parsed = parseManifest(manifest);
  // Only now: of a newer program it is better told that it is newer.
  if (unknown !== undefined) throw new ArchiveError(`里面有不认识的文件 ${unknown}`);
  compare(parsed.files, found);
  return parsed;
}

/** @returns the checksum */
async function read(body: AsyncIterable<Uint8Array>, unpacking?: Unpacking): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of body) {
    hash.update(piece);
    await unpacking?.write(piece);
  }
  return hash.digest("hex");
}

function compare(listed: ArchivedFile[], found: ArchivedFile[]): void {
  const sums = new Map(found.map(({ name, size, sha256 }) => [name, `${size} ${sha256}`]));
  for (const { name, size, sha256 } of listed) {
    if (!sums.has(name)) throw new ArchiveError(`里面缺少 ${name}`);
    if (sums.get(name) !== `${size} ${sha256}`) throw new ArchiveError(`里面的 ${name} 与清单不符`);
  }
  if (sums.size !== listed.length || found.length !== listed.length)
    throw new ArchiveError("里面有清单以外的文件");
}

function tarEntries(path: string) {
  const bytes = pipeline(createReadStream(path), createGunzip(), () => {});
  return Readable.toWeb(bytes).pipeThrough(createTarDecoder({ strict: true }));
}

/** What fails while this is read is the archive; whoever is handed it has errors of their own. */
async function* described<T>(read: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* read;
  } catch (error) {
    throw describe(error);
  }
}

/** What the operator is told when the bytes cannot be read at all. */
function describe(error: unknown): ArchiveError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new ArchiveError("找不到这个文件", { cause: error });
  if (code === "EISDIR") return new ArchiveError("这是一个目录，不是备份文件", { cause: error });
  if (code === "EACCES") return new ArchiveError("没有权限读取", { cause: error });
  if (code === "Z_BUF_ERROR" || message === "Tar archive is truncated.")
    return new ArchiveError("不完整，后面的部分没有了", { cause: error });
  if (code.startsWith("Z_")) return new ArchiveError("不是备份文件，或者已损坏", { cause: error });
  if (/^Invalid tar/.test(message)) return new ArchiveError("里面的目录已损坏", { cause: error });
  // The reader of tar files has no codes, and more messages than are known here.
  return new ArchiveError(code === "" ? "已损坏" : `读不出来（${code}）`, { cause: error });
}
