import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { PART_TITLES } from "../stack/addresses.ts";
import { listFiles } from "../stack/hash-files.ts";
import { StackError } from "../stack/project.ts";
import { inStep, type Report } from "../stack/report.ts";
import { tellSize } from "../stack/tell-size.ts";
import type { Addition } from "./access.ts";
import type { Source } from "./archive.ts";
import { copyDatabase } from "./database-copy.ts";
import { CONFIG, DOTENV, type Facts, isArchiveName, MIGRATIONS } from "./manifest.ts";
import { takeSnapshot } from "./prometheus-snapshot.ts";
import { askServer, readAnswer } from "./server-answer.ts";
import { foldersOf, type Storage } from "./storage.ts";

/** Servers whose files must not be copied as they are while they run, by their address. */
export type RunningServers = Partial<Record<"prometheus" | "alertmanager", string | undefined>>;

export interface Collection extends Addition {
  storage: Storage;
  servers: RunningServers;
  /** A folder for copies that are made on the way. */
  scratch: string;
  report: Report;
  signal: AbortSignal;
}

/** Milliseconds: Alertmanager writes every minute (`--data.maintenance-interval`). */
const ALERTMANAGER_DEADLINE = 90_000;
const POLL = 200;

const statusSchema = z.object({ versionInfo: z.object({ version: z.string() }) });

/** What goes into an archive, each file once it is sound to read. */
export async function* collect(options: Collection, facts: Facts): AsyncGenerator<Source> {
  const { storage, config, dotenv, signal } = options;
  const began = Date.now();
  if (!foldersOf(storage).some(holdsAnything)) {
    throw new StackError("这里还没有数据，没有什么可备份的：先执行 npm start");
  }
  yield { name: CONFIG, text: config };
  if (dotenv !== undefined) yield { name: DOTENV, text: dotenv };
  yield* collectDatabases(options, facts);
  yield* collectPrometheus(options, facts);
  signal.throwIfAborted();
  await settleAlertmanager(options, facts, began);
  for (const name of ["silences", "nflog"]) {
    const path = join(storage.alertmanager, name);
    if (existsSync(path)) yield { name: `alertmanager/${name}`, path };
  }
}

/** A volume is there as soon as a container has it mounted; no data has a name that begins with a dot. */
function holdsAnything(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => !name.startsWith("."));
}

async function* collectDatabases(options: Collection, facts: Facts): AsyncGenerator<Source> {
  const { scratch, signal } = options;
  // Left by a backup that was killed.
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  try {
    for (const name of [...Object.keys(MIGRATIONS), "grafana/grafana.db"]) {
      signal.throwIfAborted();
      const copy = await copyIfThere(name, options);
      if (copy === undefined) continue;
      if (name in MIGRATIONS) facts.databases[name] = await versionOf(copy);
      yield { name, path: copy };
      rmSync(copy);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @returns the copy, where there is such a database */
async function copyIfThere(
  name: string,
  { storage, scratch, report }: Collection,
): Promise<string | undefined> {
  const [part, file = ""] = name.split("/") as ["exporter" | "relay" | "grafana", string];
  const path = join(storage[part], file);
  if (!existsSync(path)) return undefined;
  return inStep(report, `备份 ${PART_TITLES[part]} 的数据库`, async (step) => {
    const copy = join(scratch, file);
    await copyDatabase(path, copy);
    step.done(tellSize(statSync(copy).size));
    return copy;
  });
}

/** PRAGMA user_version, where it stands in the file (https://sqlite.org/fileformat.html#user_version_number). */
async function versionOf(database: string): Promise<number> {
  const file = await open(database);
  try {
    const { buffer } = await file.read({ buffer: Buffer.alloc(4), position: 60 });
    return buffer.readUInt32BE();
  } finally {
    await file.close();
  }
}

/** A running one by its own snapshot; nobody writes the files of one that is stopped. */
async function* collectPrometheus(
  { storage, servers, report, signal }: Collection,
  facts: Facts,
): AsyncGenerator<Source> {
  const data = storage.prometheus;
  // Left by a backup that was killed: each keeps old blocks on the disk.
  rmSync(join(data, "snapshots"), { recursive: true, force: true });
  if (!existsSync(data)) return;
  const step = report.begin(`备份 Prometheus 的数据`);
  let folder = data;
  try {
    if (servers.prometheus) {
      const taken = await takeSnapshot(servers.prometheus, data, signal);
      facts.servers.prometheus = taken.version;
      folder = taken.folder;
    }
    let size = 0;
    const files = listFiles(folder)
      .map((path) => ({ path, name: `prometheus/${relative(folder, path)}` }))
      .filter(({ name }) => isArchiveName(name) && !/\/(lock|queries\.active)$/.test(name));
    for (const [index, { name, path }] of files.entries()) {
      signal.throwIfAborted();
      step.progress(`第 ${index + 1} 个文件，共 ${files.length} 个`);
      size += statSync(path).size;
      yield { name, path };
    }
    step.done(`${tellSize(size)}${servers.prometheus ? "" : "，它没有在运行，按原样复制"}`);
  } catch (error) {
    step.fail("没有成功");
    throw error;
  } finally {
    rmSync(join(data, "snapshots"), { recursive: true, force: true });
  }
}

/**
 * Until its files hold what it knew when the backup began: it replaces them from time to time, each in one step.
 * What is taken without waiting would lack the silences of the last minute.
 */
async function settleAlertmanager(
  { storage, servers, report, signal }: Collection,
  facts: Facts,
  began: number,
): Promise<void> {
  if (!servers.alertmanager) return;
  const url = `${servers.alertmanager}/api/v2/status`;
  const status = readAnswer(await askServer({ url, server: "Alertmanager", signal }), statusSchema);
  facts.servers.alertmanager = status.versionInfo.version;
  const step = report.begin("备份 Alertmanager 的静默与发送记录");
  step.progress("等它把最新的写到磁盘，最多一分钟");
  const files = ["silences", "nflog"].map((name) => join(storage.alertmanager, name));
  const isWritten = () => files.every((file) => existsSync(file) && statSync(file).mtimeMs >= began);
  while (!isWritten() && Date.now() < began + ALERTMANAGER_DEADLINE) {
    await sleep(POLL, undefined, { signal });
  }
  if (isWritten()) step.done();
  else step.fail("它没有把最近一分钟的写到磁盘，备份里是更早的");
}
