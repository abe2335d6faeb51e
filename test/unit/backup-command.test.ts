import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { cloneCheckout } from "./support/checkout-commands.ts";

test("a backup that cannot be made says why and that there is none, and claims nothing of a stack that is stopped", async (t) => {
  const clone = cloneCheckout(t);
  assert.deepEqual(await clone.run("backup.ts", "--native"), {
    code: 1,
    out: "✅ 本机方式，没有在运行\n",
    error: "\n❌ 这里还没有数据，没有什么可备份的：先执行 npm start\n没有留下备份。\n",
  });
});

test("a BACKUP_DIR that is no folder is told in plain words", async (t) => {
  const clone = cloneCheckout(t, { BACKUP_DIR: "package.json" });
  const { code, error } = await clone.run("backup.ts", "--native");
  assert.equal(code, 1);
  assert.equal(
    error,
    `\n❌ ${join(clone.folder, "package.json")} 不能用作目录（EEXIST）：请在 .env 里把 BACKUP_DIR 换成一个目录，再执行 npm run apply；没有设 BACKUP_DIR 的，把它移开\n没有留下备份。\n`,
  );
});
