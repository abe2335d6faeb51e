import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withLock } from "../../scripts/stack/lock.ts";
import { temporaryFolder } from "../unit/support/folder.ts";
import { SERVICES, startService } from "./support/services.ts";

const ANYTHING = 0o000;
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** Children have it too. */
function withLooseMask(t: { after: (undo: () => void) => void }): void {
  const before = process.umask(ANYTHING);
  t.after(() => void process.umask(before));
}

for (const name of SERVICES) {
  test(`the ${name}'s data is nobody else's, whatever the machine's umask`, async (t) => {
    withLooseMask(t);
    const { dataDir } = await startService(t, name);
    assert.equal(mode(dataDir), "700");
  });
}

test("the folder that holds all of a native stack, rendered configuration included, is nobody else's", async (t) => {
  withLooseMask(t);
  const folder = join(temporaryFolder(t), ".stack");
  await withLock(folder, async () => {
    assert.equal(mode(folder), "700");
    assert.equal(mode(join(folder, "lock")), "600");
  });
});
