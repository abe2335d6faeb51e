import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

test("what was begun is done though nobody reads what is told of it", async (t) => {
  const done = join(temporaryFolder(t), "done");
  const program = `
    import { writeFileSync } from "node:fs";
    import { setTimeout as sleep } from "node:timers/promises";
    import { cli } from ${JSON.stringify(join(PROJECT, "scripts/stack/cli.ts"))};
    await cli(async () => {
      for (const stream of [process.stdout, process.stderr]) stream.write("a step\\n");
      await sleep(300);
      writeFileSync(${JSON.stringify(done)}, "");
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  child.stdout.destroy();
  child.stderr.destroy();
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.ok(existsSync(done));
});
