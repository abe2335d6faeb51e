import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../scripts/stack/run.ts";

const shell = (script: string, timeout?: number) =>
  run("sh", ["-c", script], timeout === undefined ? {} : { timeout });

test("a program's own last words say why it failed, else its exit code or the signal that ended it", async () => {
  assert.equal(await shell("echo yes"), "yes\n");
  await assert.rejects(shell("seq 9 >&2; exit 3"), { message: "sh -c：7 8 9" });
  await assert.rejects(shell("exit 3"), { message: "sh -c：3" });
  await assert.rejects(shell("kill -9 $$"), { message: "sh -c：SIGKILL" });
  await assert.rejects(run("no-such-program", []), { message: "no-such-program ：ENOENT" });
});

test("one that does not answer in time is told as that, whatever it has said before", async () => {
  await assert.rejects(shell("echo connecting >&2; exec sleep 600", 500), {
    message: "sh -c：0.5 秒没有应答",
  });
});
