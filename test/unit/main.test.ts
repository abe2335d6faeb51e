import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { PROJECT } from "../../scripts/stack/project.ts";

/** A service whose start takes a while, as with a slow disk. */
const SERVICE = `
  import { setTimeout as sleep } from "node:timers/promises";
  import { main } from "./service/main.ts";
  let open;
  await main("slow", () => ({
    async start() {
      console.log("starting");
      await sleep(300);
      open = setInterval(() => {}, 1000);
    },
    async stop() {
      clearInterval(open);
    },
  }));
`;

test("a service that is told to stop while it is starting stops as soon as it has", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", SERVICE], {
    cwd: PROJECT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const [code, signal] = await Promise.race([ended, once(AbortSignal.timeout(5000), "abort")]);
  child.kill("SIGKILL");
  assert.deepEqual([code, signal], [0, null]);
});
