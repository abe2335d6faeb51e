import assert from "node:assert/strict";
import fs, {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyBack, moveBack, moveOut, unfinishedMove } from "../../scripts/service/move-state.ts";
import { isService } from "../../scripts/service/names.ts";
import { refuseOthers } from "../../scripts/service/refuse-others.ts";
import { temporaryFolder } from "./support/folder.ts";

const FILES = { "data/events.db": "events", "data/prometheus/wal/0001": "samples", lock: "" };

interface Places {
  root: string;
  service: string;
}

/** In memory, which is another disk than that of temporary files. */
const OTHER_DISK = "/dev/shm";

const disks: Record<string, (t: TestContext) => string> = {
  "on one disk": temporaryFolder,
  ...(existsSync(OTHER_DISK) && {
    "from one disk to another": (t) => {
      const folder = mkdtempSync(join(OTHER_DISK, "monitoring-"));
      t.after(() => rmSync(folder, { recursive: true }));
      return folder;
    },
  }),
};

function native(t: TestContext, otherFolder: (t: TestContext) => string): Places {
  const places = { root: join(temporaryFolder(t), ".stack"), service: join(otherFolder(t), "service") };
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(join(places.root, name, ".."), { recursive: true });
    writeFileSync(join(places.root, name), text);
  }
  return places;
}

/** What is in a folder, as FILES has it. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => !lstatSync(join(folder, name)).isDirectory());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

const here = (path: string) => readdirSync(join(path, "..")).sort();

function assertService({ root, service }: Places): void {
  assert.ok(isService(root, service));
  assert.deepEqual([here(root), here(service)], [[".stack"], ["service"]]);
  assert.deepEqual(contents(service), FILES);
}

function assertNative({ root, service }: Places): void {
  assert.ok(lstatSync(root).isDirectory());
  assert.deepEqual([here(root), here(service)], [[".stack"], []]);
  assert.deepEqual(contents(root), FILES);
}

async function out({ root, service }: Places): Promise<void> {
  await moveOut(root, service);
}

/** As uninstall-service does. */
async function back({ root, service }: Places): Promise<void> {
  if (unfinishedMove(root) === undefined) await copyBack(root, async () => {}, service);
  await moveBack(root, service);
}

/** The first thing that the other command does. */
async function finish({ root, service }: Places): Promise<void> {
  if (unfinishedMove(root) === "install-service") await moveOut(root, service);
  if (unfinishedMove(root) === "uninstall-service") await moveBack(root, service);
}

/** Nothing more is done from the nth change on, which is half done where it can be. @returns whether there was one */
async function powerCutAt(nth: number, work: () => Promise<void>): Promise<boolean> {
  const real = { renameSync: fs.renameSync, symlinkSync: fs.symlinkSync, rmSync: fs.rmSync };
  let changes = 0;
  const guard =
    <A extends unknown[]>(change: (...args: A) => void, half?: (...args: A) => void) =>
    (...args: A) => {
      changes += 1;
      if (changes < nth) return change(...args);
      if (changes === nth) half?.(...args);
      throw new Error("power cut");
    };
  fs.renameSync = guard(real.renameSync);
  fs.symlinkSync = guard(real.symlinkSync) as typeof fs.symlinkSync;
  fs.rmSync = guard(real.rmSync, (path) =>
    real.rmSync(join(String(path), "data"), { recursive: true, force: true }),
  );
  syncBuiltinESMExports();
  try {
    await work();
  } catch (error) {
    if ((error as Error).message !== "power cut") throw error;
  } finally {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  }
  return changes >= nth;
}

/** Whoever starts the stack finds all of it, or is refused. */
function assertNothingIsLost({ root }: Places): void {
  if (unfinishedMove(root) === undefined) assert.deepEqual(contents(root), FILES);
  else
    assert.throws(
      () => refuseOthers(root),
      /上一次 npm run (un)?install-service 没有做完：请用 root 再执行一次/,
    );
}

for (const [where, otherFolder] of Object.entries(disks)) {
  test(`${where}: to the service, and back; a second time changes nothing`, async (t) => {
    const places = native(t, otherFolder);
    await out(places);
    assertService(places);
    await out(places);
    assertService(places);
    await back(places);
    assertNative(places);
  });

  test(`${where}: whatever breaks it off, the same command finishes it, and the other one takes it back`, async (t) => {
    for (let nth = 1, isCut = true; isCut; nth++) {
      for (const again of [out, back]) {
        const places = native(t, otherFolder);
        isCut = await powerCutAt(nth, () => out(places));
        assertNothingIsLost(places);
        await finish(places);
        if (again === out || isService(places.root, places.service)) await again(places);
        if (again === out) assertService(places);
        else assert.deepEqual(contents(places.root), FILES);
      }
    }
  });

  test(`${where}: and back`, async (t) => {
    for (let nth = 1, isCut = true; isCut; nth++) {
      for (const again of [out, back]) {
        const places = native(t, otherFolder);
        await out(places);
        isCut = await powerCutAt(nth, () => back(places));
        assertNothingIsLost(places);
        await finish(places);
        if (again === out || isService(places.root, places.service)) await again(places);
        if (again === out) assertService(places);
        else assertNative(places);
      }
    }
  });
}

test("no room for the copy: it is told, and nothing has changed", async (t) => {
  const places = native(t, temporaryFolder);
  const path = process.env.PATH;
  const programs = temporaryFolder(t);
  writeFileSync(
    join(programs, "cp"),
    "#!/bin/sh\nmkdir \"$4\"\necho 'No space left on device' >&2\nexit 1\n",
    { mode: 0o755 },
  );
  process.env.PATH = `${programs}:${path}`;
  t.after(() => {
    process.env.PATH = path;
  });
  await assert.rejects(out(places), { name: "StackError", message: /No space left on device/ });
  process.env.PATH = path;
  assertNative(places);
});

test("a folder that something has made in its place meanwhile is not touched", async (t) => {
  const places = native(t, temporaryFolder);
  await out(places);
  await powerCutAt(4, () => back(places));
  rmSync(places.root);
  mkdirSync(places.root);
  await assert.rejects(
    back(places),
    /数据在 .*\.stack\.back，但后来又有了 .*\.stack：请先把 .*\.stack 改名移开/,
  );
  assert.deepEqual(readdirSync(places.root), []);
});
