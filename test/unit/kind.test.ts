import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { SERVICE_STATE } from "../../scripts/service/names.ts";
import { chooseKind } from "../../scripts/stack/kind.ts";
import { startProcess } from "../../scripts/stack/processes.ts";
import { type StatePaths, statePaths } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

/** @param docker what the client does */
function place(t: TestContext, docker: string): StatePaths {
  const programs = temporaryFolder(t);
  writeFileSync(join(programs, "docker"), `#!/bin/sh\n${docker}\n`, { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = `${programs}${delimiter}${path}`;
  t.after(() => {
    process.env.PATH = path;
  });
  return statePaths(join(temporaryFolder(t), ".stack"));
}

const ENGINE = "echo 27.3.1";
const NO_COMPOSE = 'if [ "$1" = compose ]; then exit 1; fi; echo 27.3.1';
const NO_ENGINE = "echo 'Cannot connect' >&2; exit 1";

function runNatively(t: TestContext, paths: StatePaths): void {
  const spec = { name: "relay", command: ["sleep", "600"], cwd: "/", env: {}, readyUrl: "", fingerprint: "" };
  const { child } = startProcess({ ...spec, env: { PATH: process.env.PATH ?? "" } }, paths);
  t.after(() => child.kill("SIGKILL"));
}

test("with Docker where there is an engine, else natively, and why", async (t) => {
  assert.deepEqual(await chooseKind({}, place(t, ENGINE)), { kind: "docker", version: "27.3.1" });
  const paths = place(t, NO_ENGINE);
  const { kind, ...why } = await chooseKind({}, paths);
  assert.equal(kind, "native");
  assert.match(JSON.stringify(why), /Docker 引擎连接不上.*Cannot connect/);
  await assert.rejects(chooseKind({ docker: true }, paths), /Docker 引擎连接不上.*Cannot connect/);
  assert.deepEqual(await chooseKind({}, place(t, NO_COMPOSE)), {
    kind: "native",
    reason: "Docker 没有 compose 插件",
  });
});

test("as it is asked for, but one of the two", async (t) => {
  const paths = place(t, ENGINE);
  assert.deepEqual(await chooseKind({ native: true }, paths), { kind: "native" });
  await assert.rejects(chooseKind({ native: true, docker: true }, paths), /只能选一个/);
});

test("what runs natively goes on natively, also when an engine has turned up since", async (t) => {
  const paths = place(t, ENGINE);
  runNatively(t, paths);
  assert.deepEqual(await chooseKind({}, paths), { kind: "native" });
  await assert.rejects(chooseKind({ docker: true }, paths), /已在本机方式下运行，请先执行 npm stop/);
});

test("a service is native, also while it is stopped", async (t) => {
  const paths = place(t, ENGINE);
  symlinkSync(SERVICE_STATE, paths.root);
  assert.deepEqual(await chooseKind({}, paths), { kind: "native" });
  await assert.rejects(chooseKind({ docker: true }, paths), /已安装成系统服务，请先执行 npm run uninstall/);
});
