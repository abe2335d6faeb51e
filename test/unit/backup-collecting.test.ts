import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, type TestContext, test } from "node:test";
import { type Collection, collect, type RunningServers } from "../../scripts/backup/collecting.ts";
import { pack } from "../../scripts/backup/packing.ts";
import { saveArchive } from "../../scripts/backup/saving.ts";
import { nativeStorage } from "../../scripts/backup/storage.ts";
import { InterruptedError } from "../../scripts/stack/interruption.ts";
import { statePaths, TemporaryError } from "../../scripts/stack/project.ts";
import { FACTS, SILENT } from "./support/backup.ts";
import { temporaryFolder } from "./support/folder.ts";
import { listen } from "./support/server.ts";
import { fillDisk, mountDisk } from "./support/small-disk.ts";
import { until } from "./support/until.ts";

interface Stack {
  folder?: string;
  servers?: RunningServers;
  signal?: AbortSignal;
}

/** What is collected of a stack with Prometheus's data, and whatever else is in the folder. */
function collection(t: TestContext, stack: Stack): Collection {
  const { folder = temporaryFolder(t), servers = {}, signal = new AbortController().signal } = stack;
  const paths = statePaths(folder);
  mkdirSync(join(paths.data, "prometheus"), { recursive: true });
  return {
    storage: nativeStorage(paths),
    servers,
    scratch: join(temporaryFolder(t), "scratch"),
    config: "",
    dotenv: undefined,
    variables: [],
    report: SILENT,
    signal,
  };
}

async function collectAll(t: TestContext, stack: Stack): Promise<void> {
  await Array.fromAsync(collect(collection(t, stack), FACTS));
}

/** To its end, as npm run backup does it. */
async function save(collection: Collection, file: string): Promise<void> {
  const { report, signal } = collection;
  await saveArchive(file, () => pack(collection), { report, signal });
}

const ANSWERS: Record<string, unknown> = {
  "/api/v1/status/buildinfo": { data: { version: "3.5.0" } },
  "/api/v1/admin/tsdb/snapshot": { data: { name: "20260101T000000Z-1" } },
  "/api/v2/status": { versionInfo: { version: "0.28.0" } },
};

/** A server that answers. @param silent a path that is never answered @returns also what was asked there */
async function silentAt(t: TestContext, silent: string) {
  const asked: string[] = [];
  const url = await listen(t, ({ url = "" }, response) => {
    if (url === silent) asked.push(url);
    else response.end(JSON.stringify(ANSWERS[url]));
  });
  return { url, asked };
}

/** In the folder of a stack. @returns where it is */
function makeDatabase(folder: string): string {
  const { data } = statePaths(folder);
  mkdirSync(data, { recursive: true });
  const path = join(data, "events.db");
  using database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE event (id INTEGER); INSERT INTO event VALUES (1)");
  return path;
}

test("a Prometheus that has just been started is worth another try", async (t) => {
  const starting = await listen(t, (_request, response) =>
    response.writeHead(503).end("Service Unavailable"),
  );
  await assert.rejects(
    collectAll(t, { servers: { prometheus: starting } }),
    new TemporaryError("Prometheus 还在启动，请过一分钟再备份"),
  );
  await assert.rejects(collectAll(t, { servers: { prometheus: "http://127.0.0.1:1" } }), TemporaryError);
});

for (const [server, path, seconds] of [
  ["prometheus", "/api/v1/status/buildinfo", 10],
  ["prometheus", "/api/v1/admin/tsdb/snapshot", 240],
  ["alertmanager", "/api/v2/status", 10],
] as const) {
  test(`${server} hangs at ${path} is given up after ${seconds} s, and at once when it is interrupted`, async (t) => {
    const { url, asked } = await silentAt(t, path);
    const servers = { [server]: url };
    const limits: { ms: number; end: AbortController }[] = [];
    t.mock.method(AbortSignal, "timeout", (ms: number) => {
      const end = new AbortController();
      limits.push({ ms, end });
      return end.signal;
    });
    const hanging = collectAll(t, { servers });
    await until("the question", () => asked.length === 1);
    assert.equal(limits.at(-1)?.ms, seconds * 1000);
    limits.at(-1)?.end.abort();
    await assert.rejects(hanging, /^TemporaryError: (Prometheus|Alertmanager) 没有应答，无法备份：/);
    const interruption = new AbortController();
    const interrupted = collectAll(t, { servers, signal: interruption.signal });
    await until("the question", () => asked.length === 2);
    const reason = new InterruptedError();
    interruption.abort(reason);
    await assert.rejects(interrupted, (error) => error === reason);
  });
}

test("a Prometheus that makes no snapshot is told in plain words", async (t) => {
  const answers = { ...ANSWERS };
  const prometheus = await listen(t, ({ url = "" }, response) => {
    response.writeHead(url.endsWith("snapshot") ? 500 : 200).end(JSON.stringify(answers[url]));
  });
  const told = (error: string) => {
    answers["/api/v1/admin/tsdb/snapshot"] = { status: "error", errorType: "internal", error };
    const file = join(temporaryFolder(t), "backup-20260101-000000.tar.gz");
    return save(collection(t, { servers: { prometheus } }), file);
  };
  const full = told("create snapshot: snapshot head block: write /data/x: no space left on device");
  await assert.rejects(full, /^DataDiskFullError: 放监控数据的磁盘已满（\S+prometheus），.*请先清理，df -h/);
  await assert.rejects(told("create snapshot: boom"), {
    message:
      "Prometheus 没有做出快照（HTTP 500）：create snapshot: boom。请先执行 npm run doctor，照它说的办，再备份",
  });
  answers["/api/v1/status/buildinfo"] = { status: "error" };
  await assert.rejects(told(""), {
    message: "Prometheus 的应答（HTTP 200）不是它该有的样子，无法备份：请先执行 npm run doctor，照它说的办",
  });
});

describe("a database that cannot be copied", () => {
  const name = "backup-20260101-000000.tar.gz";

  test("the disk with the data is full: that one is named, not the one of the backups", async (t) => {
    const folder = mountDisk(t);
    makeDatabase(folder);
    const stack = collection(t, { folder });
    fillDisk(folder);
    await assert.rejects(
      save(stack, join(temporaryFolder(t), name)),
      new RegExp(`^DataDiskFullError: 放监控数据的磁盘已满（${stack.storage.exporter}）`),
    );
  });

  test("the disk of the backups is full: that one is named", async (t) => {
    const [folder, backups] = [temporaryFolder(t), mountDisk(t)];
    makeDatabase(folder);
    fillDisk(backups);
    const stack = { ...collection(t, { folder }), scratch: join(backups, "scratch") };
    await assert.rejects(
      save(stack, join(backups, name)),
      new RegExp(`^StackError: 磁盘已满：请在 ${backups} 腾出空间，或者换一个目录$`),
    );
  });

  test("it is none: its name is told, and what to do", async (t) => {
    const folder = temporaryFolder(t);
    const path = makeDatabase(folder);
    writeFileSync(path, "no database ".repeat(1000));
    await assert.rejects(
      save(collection(t, { folder }), join(temporaryFolder(t), name)),
      new RegExp(`^StackError: 无法备份 ${path}：file is not a database。请先执行 npm run doctor，`),
    );
  });
});
