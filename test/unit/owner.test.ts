import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ensureDotenv, readDotenv } from "../../scripts/stack/dotenv.ts";
import { toldByOwner } from "../../scripts/stack/owner.ts";
import { runningProcesses } from "../../scripts/stack/processes.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

describe("what another user may not read", { skip: process.getuid?.() !== 0 }, () => {
  const NOBODY = 65534;

  /** What is told of it, to somebody who has no rights at all. */
  function told(read: () => void): unknown {
    process.seteuid?.(NOBODY);
    try {
      read();
    } catch (error) {
      return (error as Error).message;
    } finally {
      process.seteuid?.(0);
    }
    return undefined;
  }

  function folderForAll(t: TestContext): string {
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o755);
    return folder;
  }

  test(".env is told to be its owner's", (t) => {
    const file = join(folderForAll(t), ".env");
    writeFileSync(file, "A=1\n", { mode: 0o600 });
    const message = `无法读取 ${file}：它属于用户 root，请用 root 执行，例如在命令前加 sudo`;
    assert.equal(
      told(() => readDotenv(file, {})),
      message,
    );
  });

  test("so is one that is open, where it is to be closed", (t) => {
    const file = join(folderForAll(t), ".env");
    writeFileSync(file, "EXPORTER_TOKEN=a\nRELAY_TOKEN=b\nGRAFANA_ADMIN_PASSWORD=c\n", { mode: 0o644 });
    assert.equal(
      told(() => ensureDotenv(file, file, {})),
      `无法修改 ${file}：它属于用户 root，请用 root 执行，例如在命令前加 sudo`,
    );
  });

  test("so is what somebody else has started, also where nobody may even look", (t) => {
    const root = join(folderForAll(t), ".stack");
    mkdirSync(join(root, "run"), { recursive: true, mode: 0o700 });
    assert.equal(
      told(() => runningProcesses(statePaths(root))),
      `无法读取 ${root}/run：它属于用户 root，请用 root 执行，例如在命令前加 sudo`,
    );
  });
});

test("any other error stays what it is; nobody is sent to themselves", (t) => {
  const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
  assert.equal(toldByOwner("/x", "读取", missing), missing);
  const folder = temporaryFolder(t);
  const denied = Object.assign(new Error("denied"), { code: "EACCES" });
  assert.equal(
    (toldByOwner(folder, "写入", denied) as Error).message,
    `无法写入 ${folder}：系统不允许（EACCES）`,
  );
});
