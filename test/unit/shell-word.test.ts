import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shellWord } from "../../scripts/stack/shell-word.ts";

test("a shell reads the word as it was", () => {
  for (const text of [
    "/srv/备份/backup-20260105.tar.gz",
    "/srv/My Backups/it's $HOME.tar.gz",
    "a;b&c*",
    "",
  ]) {
    assert.equal(execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" }), text);
  }
});

test("one that needs no quotes has none", () => {
  assert.equal(shellWord("/srv/备份/backup-20260105.tar.gz"), "/srv/备份/backup-20260105.tar.gz");
});
