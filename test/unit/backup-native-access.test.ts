import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { nativeAccess } from "../../scripts/backup/native-access.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { SILENT } from "./support/backup.ts";
import { temporaryFolder } from "./support/folder.ts";

test("of a stack that is stopped, config.ini is the operator's: a restore may have brought it since it ran", async (t) => {
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(temporaryFolder(t));
  const paths = statePaths(".stack");
  for (const [folder, days] of [
    [join(paths.config, "current"), 30],
    ["config", 90],
  ] as const) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "config.ini"), `[monitoring]\nretention_days = ${days}\n`);
  }
  assert.equal(await nativeAccess(paths, SILENT).config(), "[monitoring]\nretention_days = 90\n");
});
