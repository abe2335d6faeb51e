import { ArchiveError } from "./archive-error.ts";

/** Everything in a tar file is a multiple of this many bytes (POSIX.1, ustar interchange format). */
const BLOCK = 512;
/** Where the fields of a header are that we use. */
const NAME = 100;
const SIZE = { at: 124, length: 12 };
const SUM = { at: 148, length: 8 };

/** A file in an archive begins, or goes on. */
export type TarItem = { name: string; size: number } | Buffer;

/** The header of a file that only its owner can read. */
export function tarHeader(name: string, size: number, time: Date): Buffer {
  if (Buffer.byteLength(name) > NAME || size >= 8 ** 11)
    throw new Error(`cannot put ${name} into an archive`);
  const header = Buffer.alloc(BLOCK);
  header.write(name);
  header.write(`0000600\0${"0000000\0".repeat(2)}`, 100);
  header.write(octal(size, SIZE.length), SIZE.at);
  header.write(octal(Math.floor(time.getTime() / 1000), 12), 136);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  header.write(`${octal(checksum(header), SUM.length - 1)} `, SUM.at);
  return header;
}

/** What follows the content of a file. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export const TAR_END = Buffer.alloc(2 * BLOCK);

/**
 * The files of an archive, one after the other, each followed by its content in pieces.
 * @throws {ArchiveError} for what is no tar file, or not all of one
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarItem> {
  const bytes = createReader(source);
  for (;;) {
    const header = await bytes.take(BLOCK);
    if (isEnd(header)) return await bytes.finish();
    const { name, size } = parseHeader(header);
    yield { name, size };
    for (let left = size; left > 0; ) {
      const piece = await bytes.some(left);
      left -= piece.length;
      yield piece;
    }
    await bytes.take(tarPadding(size).length);
  }
}

function parseHeader(header: Buffer): { name: string; size: number } {
  const sum = Number.parseInt(text(header, SUM.at, SUM.length), 8);
  if (sum !== checksum(header)) throw new ArchiveError("里面的目录已损坏");
  return { name: text(header, 0, NAME), size: Number.parseInt(text(header, SIZE.at, SIZE.length), 8) };
}

function isEnd(header: Buffer): boolean {
  return header.every((byte) => byte === 0);
}

function text(header: Buffer, at: number, length: number): string {
  return header.toString("utf8", at, at + length).replace(/\0.*$/s, "");
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, "0")}\0`;
}

/** Of the header as it is while the sum itself is blank. */
function checksum(header: Buffer): number {
  return header.reduce(
    (sum, byte, index) => sum + (index >= SUM.at && index < SUM.at + SUM.length ? 0x20 : byte),
    0,
  );
}

function createReader(source: AsyncIterable<Buffer>) {
  const pieces = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  /** At least one byte, at most `most` of them. */
  async function some(most: number): Promise<Buffer> {
    while (rest.length === 0) {
      const { done, value } = await pieces.next();
      if (done) throw new ArchiveError("不完整，后面的部分没有了");
      rest = value;
    }
    const piece = rest.subarray(0, most);
    rest = rest.subarray(piece.length);
    return piece;
  }

  return {
    some,
    async take(length: number): Promise<Buffer> {
      const taken: Buffer[] = [];
      for (let left = length; left > 0; ) {
        const piece = await some(left);
        taken.push(piece);
        left -= piece.length;
      }
      return Buffer.concat(taken);
    },
    /** To the very end: only there has everything been checked that unpacks it. */
    async finish(): Promise<void> {
      while (!(await pieces.next()).done);
    },
  };
}
