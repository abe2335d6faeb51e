import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";

/** The server of a FUSE file system: until it answers, every question to its mount hangs, as with a dead NFS server. */
export interface FuseServer {
  /** Of /dev/fuse, for mount's option `fd`. */
  fd: number;
  /** From now on it answers. */
  answer(): void;
  /** Ends the file system: what still waits for it gets an error. */
  close(): void;
}

/** The share of the file system that is in use once it answers, in percent. */
export const FUSE_USAGE = 75;

/** Numbers of https://www.kernel.org/doc/html/latest/filesystems/fuse.html and linux/fuse.h. */
const STATFS = 17;
const INIT = 26;
const ENOSYS = 38;
const HEADER = 16;
/** The kernel reads with no less room than this. */
const REQUEST_ROOM = 1 << 17;

/** @throws where there is no /dev/fuse */
export function openFuseServer(): FuseServer {
  const fd = openSync("/dev/fuse", constants.O_RDWR | constants.O_NONBLOCK);
  let timer: NodeJS.Timeout | undefined;
  return {
    fd,
    answer() {
      timer ??= setInterval(() => answerAll(fd), 5);
    },
    close() {
      clearInterval(timer);
      closeSync(fd);
    },
  };
}

function answerAll(fd: number): void {
  const request = Buffer.alloc(REQUEST_ROOM);
  while (isRead(fd, request)) {
    const body = BODIES[request.readUInt32LE(4)]?.(request);
    const reply = Buffer.alloc(HEADER + (body?.length ?? 0));
    reply.writeUInt32LE(reply.length, 0);
    reply.writeInt32LE(body === undefined ? -ENOSYS : 0, 4);
    request.copy(reply, 8, 8, 16);
    body?.copy(reply, HEADER);
    writeSync(fd, reply);
  }
}

function isRead(fd: number, request: Buffer): boolean {
  try {
    return readSync(fd, request) > 0;
  } catch (error) {
    if (["EAGAIN", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/** Of the answer to each operation that there is one for. */
const BODIES: Record<number, (request: Buffer) => Buffer> = { [INIT]: initBody, [STATFS]: statfsBody };

/** struct fuse_init_out: the version, the kernel's own minor one, and nothing of what is optional. */
function initBody(request: Buffer): Buffer {
  const body = Buffer.alloc(64);
  body.writeUInt32LE(7, 0);
  request.copy(body, 4, 44, 48);
  body.writeUInt32LE(4096, 20);
  return body;
}

/** struct fuse_kstatfs: blocks, bfree, bavail; then the size of a block. */
function statfsBody(): Buffer {
  const body = Buffer.alloc(80);
  body.writeBigUInt64LE(100n, 0);
  for (const offset of [8, 16]) body.writeBigUInt64LE(BigInt(100 - FUSE_USAGE), offset);
  for (const offset of [40, 48]) body.writeUInt32LE(4096, offset);
  return body;
}
