import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
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
import { readTar, TAR_END, tarHeader, tarPadding } from "./tar.ts";

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
): AsyncGenerator<Buffer> {
  const now = new Date();
  const files: ArchivedFile[] = [];
  for await (const source of sources) {
    const hash = createHash("sha256");
    const content = "text" in source ? await ofText(source.text) : await ofFile(source.path);
    yield tarHeader(source.name, content.size, now);
    for await (const piece of content.pieces) {
      hash.update(piece);
      yield piece;
    }
    yield tarPadding(content.size);
    files.push({ name: source.name, size: content.size, sha256: hash.digest("hex") });
  }
  const manifest = Buffer.from(`${JSON.stringify(createManifest(facts(), files, now), null, 2)}\n`);
  yield tarHeader(MANIFEST, manifest.length, now);
  yield manifest;
  yield Buffer.concat([tarPadding(manifest.length), TAR_END]);
}

interface Content {
  size: number;
  pieces: AsyncIterable<Buffer>;
}

async function ofText(text: string): Promise<Content> {
  const bytes = Buffer.from(text);
  return {
    size: bytes.length,
    pieces: (async function* () {
      yield bytes;
    })(),
  };
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
  write(piece: Buffer): Promise<void>;
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
  let manifest = "";
  let hash: Hash | undefined;
  try {
    for await (const item of readTar(gunzip(path))) {
      if (!Buffer.isBuffer(item)) {
        await endFile(found.at(-1), hash, unpacking);
        if (item.name === MANIFEST && item.size > MANIFEST_LIMIT) throw new ArchiveError("清单已损坏");
        hash = item.name === MANIFEST ? undefined : createHash("sha256");
        if (hash === undefined) continue;
        found.push({ ...item, sha256: "" });
        if (!isArchiveName(item.name)) unknown ??= item.name;
        if (unknown === undefined) await unpacking?.begin(item.name);
      } else if (hash === undefined) manifest += item.toString("latin1");
      else if (unknown === undefined) {
        hash.update(item);
        await unpacking?.write(item);
      }
    }
    await endFile(found.at(-1), hash, unpacking);
  } catch (error) {
    throw describe(error);
  }
  if (manifest === "") throw new ArchiveError("里面没有清单，不是本系统的备份");
  const parsed = parseManifest(Buffer.from(manifest, "latin1").toString());
  // Only now: of a newer program it is better told that it is newer.
  if (unknown !== undefined) throw new ArchiveError(`里面有不认识的文件 ${unknown}`);
  compare(parsed.files, found);
  return parsed;
}

async function endFile(file: ArchivedFile | undefined, hash: Hash | undefined, unpacking?: Unpacking) {
  if (file === undefined || hash === undefined) return;
  file.sha256 = hash.digest("hex");
  await unpacking?.end();
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

async function* gunzip(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path);
  const unzipped = createGunzip();
  file.once("error", (error) => unzipped.destroy(error));
  try {
    for await (const piece of file.pipe(unzipped)) yield piece as Buffer;
  } finally {
    file.destroy();
    unzipped.destroy();
  }
}

/** What the operator is told when the bytes cannot be read at all. */
function describe(error: unknown): unknown {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new ArchiveError("找不到这个文件", { cause: error });
  if (code === "EISDIR") return new ArchiveError("这是一个目录，不是备份文件", { cause: error });
  if (code === "EACCES") return new ArchiveError("没有权限读取", { cause: error });
  if (code === "Z_BUF_ERROR") return new ArchiveError("不完整，后面的部分没有了", { cause: error });
  if (code.startsWith("Z_")) return new ArchiveError("不是备份文件，或者已损坏", { cause: error });
  return error;
}
