import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { openOutbox } from "../../alertmanager/relay/outbox/database.ts";
import { cannotMount } from "../helpers/mounting.ts";
import { temporaryFolder } from "./support/folder.ts";
import { startRelay } from "./support/relay.ts";
import { fillDisk, mountDisk } from "./support/small-disk.ts";

suite("a start that no waiting helps fails at once", () => {
  test("a database that is none", async (t) => {
    const dataDir = temporaryFolder(t);
    writeFileSync(join(dataDir, "relay.db"), "this is no database\n".repeat(500));
    await assert.rejects(startRelay(t, { dataDir }), /file is not a database/);
  });

  test("a database of a newer version", async (t) => {
    const dataDir = temporaryFolder(t);
    const database = openOutbox(dataDir);
    database.exec("PRAGMA user_version = 1000");
    database.close();
    await assert.rejects(startRelay(t, { dataDir }), { name: "DatabaseTooNewError" });
  });

  test("open to other machines without a token, whatever the disk is like", async (t) => {
    const relay = startRelay(t, { env: { HOST: "0.0.0.0" }, dataDir: "/proc/nowhere" });
    await assert.rejects(relay, { name: "EnvironmentError" });
  });
});

test("a relay that waits for its disk can be stopped", { skip: cannotMount() }, async (t) => {
  const dataDir = mountDisk(t);
  fillDisk(dataDir);
  const relay = await startRelay(t, { dataDir });
  assert.equal((await fetch(`${relay.url}/-/ready`)).status, 503);
  await relay.stop();
  await assert.rejects(fetch(`${relay.url}/-/ready`));
});
