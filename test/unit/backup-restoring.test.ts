import assert from "node:assert/strict";
import fs, {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join, relative } from "node:path";
import { beforeEach, describe, type TestContext, test } from "node:test";
import type { Access } from "../../scripts/backup/access.ts";
import { checkArchive } from "../../scripts/backup/checking.ts";
import { discard, putBack, swap, unpack } from "../../scripts/backup/exchange.ts";
import { RestoreError, restore, undoRestore } from "../../scripts/backup/restoring.ts";
import { nativeStorage } from "../../scripts/backup/storage.ts";
import { configInPlace, unfinishedRestore } from "../../scripts/backup/unfinished.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { SILENT, saveSources } from "./support/backup.ts";
import { temporaryFolder } from "./support/folder.ts";

const OLD = { "config/config.ini": "[monitoring]\nenabled = false\n", "data/prometheus/wal/1": "old" };
const NEW = { "config/config.ini": "[monitoring]\n", "data/prometheus/wal/2": "new" };
const DOTENV = "RELAY_PORT=8002\n\nMONITORING_CONFIG=/etc/monitoring/config.ini\n";

const never = new AbortController().signal;

beforeEach((t) => {
  // As npm run does, in the project's folder.
  const before = process.cwd();
  process.chdir(temporaryFolder(t as TestContext));
  (t as TestContext).after(() => process.chdir(before));
  for (const [path, text] of Object.entries(OLD)) {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  }
});

/** Every file in the project's folder. */
function contents(): Record<string, string> {
  const files = readdirSync(".", { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, "utf8")]));
}

/** A stack whose parts do nothing, and whose data is real. */
function accessWith(changes: Partial<Access> = {}): Access {
  const storage = nativeStorage({ ...statePaths(""), data: "data" });
  return {
    title: "试验",
    isRunning: true,
    config: () => assert.fail("not asked for"),
    pack: () => assert.fail("not asked for"),
    unpack: (file, signal) => unpack(file, storage, { report: SILENT, signal }),
    swap: async () => swap(storage),
    putBack: async () => putBack(storage),
    discard: async () => discard(storage),
    async stop() {},
    async start() {},
    ...changes,
  };
}

async function restoring(t: TestContext, access: Access, { signal = never, report = SILENT } = {}) {
  const file = join(temporaryFolder(t), "backup.tar.gz");
  await saveSources(file, [
    { name: "config.ini", text: NEW["config/config.ini"] },
    { name: "env", text: DOTENV },
    { name: "prometheus/wal/2", text: "new" },
  ]);
  const checked = await checkArchive(file, SILENT, never);
  return { file, checked, kind: "native" as const, access, report, signal };
}

/** A restore that does not come to its end. */
async function killed(t: TestContext): Promise<void> {
  const started = Promise.withResolvers<void>();
  const access = accessWith({
    start() {
      started.resolve();
      return new Promise(() => {});
    },
  });
  void restore(await restoring(t, access));
  await started.promise;
}

/** What is restored does not start; what was there before does. */
const UNABLE = accessWith({
  async start(signal) {
    if (signal === never) throw new Error("it does not start");
  },
});

test("the archive's data, config.ini and, where there is none, .env are there; its path of config.ini counts for nothing", async (t) => {
  await restore(await restoring(t, accessWith()));
  const settled = DOTENV.replace("MONITORING_CONFIG", "# MONITORING_CONFIG");
  assert.deepEqual(contents(), { ".env": settled, ...NEW });
  assert.equal(statSync(".env").mode & 0o777, 0o600);
});

test("a .env that is there stays", async (t) => {
  writeFileSync(".env", "RELAY_PORT=9\n");
  await restore(await restoring(t, accessWith()));
  assert.deepEqual(contents(), { ".env": "RELAY_PORT=9\n", ...NEW });
});

describe("all is as it was", () => {
  test("when what is restored does not start", async (t) => {
    await assert.rejects(
      restore(await restoring(t, UNABLE)),
      /it does not start\n\n已换回原来的数据和配置，一切如前/,
    );
    assert.deepEqual(contents(), OLD);
  });

  test("after a kill, once it is taken back", async (t) => {
    await killed(t);
    assert.equal(unfinishedRestore(), "native");
    assert.ok(existsSync(".env"));
    await undoRestore(accessWith(), configInPlace());
    assert.deepEqual(contents(), OLD);
    assert.equal(unfinishedRestore(), undefined);
  });

  test("when it could not even begin, although an earlier restore has left its old behind", async (t) => {
    mkdirSync("data/prometheus/.restore-old/wal", { recursive: true });
    writeFileSync("data/prometheus/.restore-old/wal/0", "older");
    const access = accessWith({
      unpack: async () => {
        throw new Error("the engine has gone");
      },
    });
    await assert.rejects(restore(await restoring(t, access)), /^Error: the engine has gone$/);
    assert.deepEqual(contents(), OLD);
  });

  test("when there is no config.ini, and that is told", async (t) => {
    fs.rmSync("config/config.ini");
    await assert.rejects(restore(await restoring(t, accessWith())), /StackError: 找不到 config\/config\.ini/);
    assert.deepEqual(contents(), { "data/prometheus/wal/1": "old" });
  });
});

test("what goes wrong once it is final is told as that", async (t) => {
  const interruption = new AbortController();
  const warnings: string[] = [];
  const access = accessWith({
    async discard() {
      interruption.abort();
      throw new Error("interrupted");
    },
  });
  const report = { ...SILENT, warn: (text: string) => void warnings.push(text) };
  await restore(await restoring(t, access, { signal: interruption.signal, report }));
  assert.equal(unfinishedRestore(), undefined);
  assert.equal(contents()["data/prometheus/wal/2"], "new");
  assert.match(warnings.join("\n"), /旧数据没能删除.*interrupted\n中断得太晚：恢复已经完成/);
});

test("config.ini keeps its owner and its rights, and a link to it stays one, there and on the way back", async (t) => {
  const target = join(temporaryFolder(t), "config.ini");
  fs.renameSync("config/config.ini", target);
  chownSync(target, 1234, 5678);
  chmodSync(target, 0o640);
  symlinkSync(target, "config/config.ini");
  const outcomes = [
    [UNABLE, OLD],
    [accessWith(), NEW],
  ] as const;
  for (const [access, expected] of outcomes) {
    await restore(await restoring(t, access)).catch((error) => assert.ok(error instanceof RestoreError));
    assert.ok(lstatSync("config/config.ini").isSymbolicLink());
    assert.equal(readFileSync(target, "utf8"), expected["config/config.ini"]);
    const { uid, gid, mode } = statSync(target);
    assert.deepEqual([uid, gid, mode & 0o777], [1234, 5678, 0o640]);
  }
});

describe("a power cut finds on the disk", () => {
  /** Which folders are synced, and what is renamed and removed there, in this order. */
  async function watch(t: TestContext, work: () => Promise<unknown>): Promise<string[]> {
    const events: string[] = [];
    const opened = new Map<number, string>();
    const note = (what: string, path: unknown) => events.push(`${what} ${relative(".", String(path))}`);
    const real = { ...fs };
    t.mock.method(fs, "openSync", (...args: Parameters<typeof fs.openSync>) => {
      const descriptor = real.openSync(...args);
      opened.set(descriptor, String(args[0]));
      return descriptor;
    });
    t.mock.method(fs, "fsyncSync", (descriptor: number) => note("sync", opened.get(descriptor)));
    t.mock.method(fs, "renameSync", (from: string, to: string) => {
      note("rename", to);
      real.renameSync(from, to);
    });
    t.mock.method(fs, "rmSync", (...args: Parameters<typeof fs.rmSync>) => {
      note("remove", args[0]);
      real.rmSync(...args);
    });
    syncBuiltinESMExports();
    await work().finally(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    return events;
  }

  const MARK = "config/before-restore-native-without-env.ini";

  function assertSynced(events: string[], first: string, folder: string, second: string): void {
    const between = events.slice(events.indexOf(first), events.indexOf(second));
    const isBetween = events.includes(first) && between.includes(`sync ${folder}`);
    assert.ok(isBetween, `${first}, sync ${folder}, ${second}:\n${events.join("\n")}`);
  }

  test("the mark while anything is swapped, and until all of it is", async (t) => {
    const options = await restoring(t, accessWith());
    const events = await watch(t, () => restore(options));
    assertSynced(events, `rename ${MARK}`, "config", "rename data/prometheus/.restore-moving/wal");
    assertSynced(events, "rename data/prometheus/wal", "data/prometheus", `remove ${MARK}`);
    assertSynced(events, "rename config/config.ini", "config", `remove ${MARK}`);
    assertSynced(events, `remove ${MARK}`, "config", "remove data/prometheus/.restore-old");
  });

  test("the mark until all of it is back", async (t) => {
    await killed(t);
    const events = await watch(t, () => undoRestore(accessWith(), configInPlace()));
    assertSynced(events, "rename data/prometheus/wal", "data/prometheus", "rename config/config.ini");
    assertSynced(events, "remove .env", "", "rename config/config.ini");
  });
});

test("an archive whose config.ini would fill memory is refused, and so is one with a name out of JavaScript", async (t) => {
  const folder = temporaryFolder(t);
  const config = { name: "config.ini", text: "[monitoring]\n" };
  const large = join(folder, "large.tar.gz");
  await saveSources(large, [{ ...config, text: "# \n".repeat(500_000) }]);
  await assert.rejects(checkArchive(large, SILENT, never), /大得不像设置/);
  const odd = join(folder, "odd.tar.gz");
  const facts = { servers: {}, databases: { constructor: 1 }, variables: [] };
  await assert.rejects(
    saveSources(odd, [config], { facts }).then(() => checkArchive(odd, SILENT, never)),
    /数据库 constructor 的版本是 1，这里的程序只认识到 0/,
  );
});
