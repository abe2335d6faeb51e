import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Collection, collect } from "../../scripts/backup/collecting.ts";
import { nativeStorage } from "../../scripts/backup/storage.ts";
import { statePaths, TemporaryError } from "../../scripts/stack/project.ts";
import { FACTS, SILENT } from "./support/backup.ts";
import { temporaryFolder } from "./support/folder.ts";
import { listen } from "./support/server.ts";

/** Of a stack that has nothing but Prometheus's data. */
async function collectAll(t: TestContext, prometheus: string): Promise<void> {
  const folder = temporaryFolder(t);
  const paths = statePaths(folder);
  mkdirSync(join(paths.data, "prometheus"), { recursive: true });
  const options: Collection = {
    storage: nativeStorage(paths),
    servers: { prometheus },
    scratch: join(folder, "scratch"),
    config: "",
    dotenv: undefined,
    variables: [],
    report: SILENT,
    signal: new AbortController().signal,
  };
  await Array.fromAsync(collect(options, FACTS));
}

test("a Prometheus that has just been started is worth another try", async (t) => {
  const starting = await listen(t, (_request, response) =>
    response.writeHead(503).end("Service Unavailable"),
  );
  await assert.rejects(collectAll(t, starting), new TemporaryError("Prometheus 还在启动，请过一分钟再备份"));
  await assert.rejects(collectAll(t, "http://127.0.0.1:1"), TemporaryError);
});
