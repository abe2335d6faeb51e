import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { withLock } from "../../scripts/stack/lock.ts";
import { PROJECT, TemporaryError } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

const HOLD = `
  import { withLock } from ${JSON.stringify(join(PROJECT, "scripts/stack/lock.ts"))};
  if (process.argv[2]) process.setuid(Number(process.argv[2]));
  await withLock(process.argv[1], async () => {
    process.stdout.write("in");
    for await (const _ of process.stdin);
  }).catch(({ message }) => process.stdout.write(message));
`;

interface Other {
  child: ChildProcess;
  /** "in", or why not. */
  said: string;
}

/** Another process that takes the lock and keeps it. */
async function other(t: TestContext, folder: string, ...user: string[]): Promise<Other> {
  const args = ["--input-type=module", "--eval", HOLD, folder, ...user];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [said] = await once(child.stdout, "data");
  return { child, said: String(said) };
}

const take = (folder: string) => withLock(folder, async () => "in");

test("one start or stop at a time; the next once it has ended, well or not", async (t) => {
  const folder = temporaryFolder(t);
  const first = Promise.withResolvers<string>();
  const running = withLock(folder, () => first.promise);
  await assert.rejects(take(folder), TemporaryError);
  first.reject(new Error("failed"));
  await assert.rejects(running, /failed/);
  assert.equal(await take(folder), "in");
});

for (const [what, text] of Object.entries({
  "a process that is gone": "4999999",
  "a process whose id another has taken since": String(process.ppid),
  "a power cut, which left the file empty": "",
  "a power cut, which left something in it": "\0".repeat(4096),
})) {
  test(`what is left over of ${what} does not lock`, async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "lock"), text);
    assert.equal(await take(folder), "in");
  });
}

test("a process that is killed lets go; who comes while it works does not get in", async (t) => {
  const folder = temporaryFolder(t);
  const { child, said } = await other(t, folder);
  assert.equal(said, "in");
  await assert.rejects(take(folder), /另一个 npm start/);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(await take(folder), "in");
});

test("of those that find what is left over at once, one gets in", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "lock");
  writeFileSync(file, "4999999");
  // Held open, its number is not given to another.
  const open = openSync(file, "r");
  t.after(() => closeSync(open));
  const others = await Promise.all([1, 2, 3, 4].map(() => other(t, folder)));
  assert.equal(others.filter(({ said }) => said === "in").length, 1);
  // One of them may be that slow that it clears away what is the first one's by now: it has to be the same file.
  assert.equal(statSync(file).ino, fstatSync(open).ino);
  const clear = spawn("truncate", ["--size=0", file]);
  await once(clear, "exit");
  await assert.rejects(take(folder), /另一个 npm start/);
});

describe("where there is another user", { skip: process.getuid?.() !== 0 }, () => {
  const NOBODY = 65534;
  function stateFolder(t: TestContext): string {
    const folder = join(temporaryFolder(t), ".stack");
    chmodSync(join(folder, ".."), 0o755);
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  test("root coming first does not lock the folder's owner out", async (t) => {
    const folder = stateFolder(t);
    chownSync(folder, NOBODY, NOBODY);
    assert.equal(await take(folder), "in");
    assert.equal((await other(t, folder, String(NOBODY))).said, "in");
  });

  test("a folder of root's is told to be root's", async (t) => {
    const folder = stateFolder(t);
    const { said } = await other(t, folder, String(NOBODY));
    assert.equal(said, `无法写入 ${folder}/lock：它属于用户 root，请用 root 执行，例如在命令前加 sudo`);
  });
});
