import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Release } from "./releases.ts";
import { run } from "./run.ts";

/** Milliseconds until the first answer, and of silence in the middle, after which another way is tried. */
const CONNECT_TIMEOUT = 15_000;
const STALL_TIMEOUT = 30_000;

/**
 * Downloads a release, checks it, and unpacks it.
 * @param folder becomes the unpacked archive, without its top folder
 * @throws with the reason, in the operator's language; then the folder is as it was
 */
export async function downloadRelease(
  release: Release,
  folder: string,
  progress: (text: string) => void,
): Promise<void> {
  const archive = `${folder}.tar.gz`;
  const unpacked = `${folder}.new`;
  try {
    mkdirSync(join(folder, ".."), { recursive: true });
    await fetchFile(release.url, archive, progress);
    const expected = release.sha256 ?? (await publishedChecksum(release));
    const actual = await checksum(archive);
    if (actual !== expected) throw new Error(`校验和不符：应为 ${expected}，得到 ${actual}`);
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked);
    await run("tar", ["-xzf", archive, "-C", unpacked, "--strip-components=1"]);
    renameSync(unpacked, folder);
  } finally {
    rmSync(archive, { force: true });
    rmSync(unpacked, { recursive: true, force: true });
  }
}

async function fetchFile(url: string, file: string, progress: (text: string) => void): Promise<void> {
  const { response, alive, done } = await connect(url);
  try {
    const total = Number(response.headers.get("content-length"));
    let received = 0;
    const body = Readable.fromWeb(response.body ?? new ReadableStream());
    body.on("data", (chunk: Buffer) => {
      alive();
      received += chunk.length;
      progress(`已下载 ${megabytes(received)}${total > 0 ? ` / ${megabytes(total)}` : ""} MB`);
    });
    await pipeline(body, createWriteStream(file));
  } finally {
    done();
  }
}

/** @throws when nobody answers in time, or not with the file */
async function connect(url: string) {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(new Error("连接超时")), CONNECT_TIMEOUT);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error("下载中断")), STALL_TIMEOUT);
  };
  const done = () => clearTimeout(timer);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    alive();
    return { response, alive, done };
  } catch (error) {
    done();
    throw new Error(`无法下载 ${new URL(url).host}（${reason(error)}）`, { cause: error });
  }
}

function reason(error: unknown): string {
  const cause = (error as { cause?: { code?: string } }).cause;
  return cause?.code ?? (error instanceof Error ? error.message : String(error));
}

/** @throws with the last reason, when no address has it */
async function publishedChecksum({ url, sha256Urls }: Release): Promise<string> {
  let problem: unknown;
  for (const sha256Url of sha256Urls) {
    try {
      const { response, done } = await connect(sha256Url);
      const text = await response.text().finally(done);
      const line = text.split("\n").find((candidate) => candidate.includes(basename(url))) ?? text;
      const sum = /\b[0-9a-f]{64}\b/.exec(line)?.[0];
      if (sum !== undefined) return sum;
      problem = new Error(`${sha256Url} 里没有校验和`);
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

async function checksum(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
