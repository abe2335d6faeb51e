import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  isOfEarlierVersion,
  isRunning,
  logFile,
  logTail,
  type ProcessRecord,
  type ProcessSpec,
  runningProcesses,
  startProcess,
  stopProcess,
} from "../../scripts/stack/processes.ts";
import { type StatePaths, statePaths } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";
import { until } from "./support/until.ts";

const SLEEP = ["sleep", "600"];

interface Started {
  paths: StatePaths;
  record: ProcessRecord;
}

function start(t: TestContext, changes: Partial<ProcessSpec> = {}, paths = somewhere(t)): Started {
  const env = { PATH: process.env.PATH ?? "" };
  const readyUrl = "http://localhost:8002/-/ready";
  const spec = { name: "relay", command: SLEEP, cwd: "/", env, readyUrl, fingerprint: "f1", ...changes };
  const { record, child } = startProcess(spec, paths);
  t.after(() => child.kill("SIGKILL"));
  return { paths, record };
}

const somewhere = (t: TestContext) => statePaths(temporaryFolder(t));

test("a process is started, found again, and stopped", async (t) => {
  const { paths, record } = start(t);
  assert.equal(isRunning(record), true);
  assert.deepEqual(runningProcesses(paths), [record]);
  const { pid, identity, ...spec } = record;
  assert.deepEqual(spec, {
    name: "relay",
    command: SLEEP,
    cwd: "/",
    env: { PATH: process.env.PATH ?? "" },
    readyUrl: "http://localhost:8002/-/ready",
    fingerprint: "f1",
  });

  assert.equal(await stopProcess(record, paths), false, "it stopped by itself");
  assert.equal(isRunning(record), false);
  assert.deepEqual(runningProcesses(paths), []);
  assert.deepEqual(readdirSync(paths.run), []);
});

test("a folder without records holds no processes", (t) => {
  assert.deepEqual(runningProcesses(somewhere(t)), []);
});

test("one that answers nobody, as the daily backups, is not taken for one of an earlier version", (t) => {
  const { paths } = start(t, { readyUrl: undefined });
  const { command, ...earlier } = start(t, { name: "exporter" }, paths).record;
  assert.deepEqual(runningProcesses(paths).filter(isOfEarlierVersion), []);
  assert.equal(isOfEarlierVersion(earlier), true);
});

test("stopping what has stopped already is fine", async (t) => {
  const { paths, record } = start(t, { command: ["true"] });
  await until("it ends", () => !isRunning(record));
  assert.deepEqual(runningProcesses(paths), []);
  assert.equal(await stopProcess(record, paths), false);
});

test("a later process with the same id is neither taken for ours nor stopped", async (t) => {
  const { paths, record } = start(t);
  const file = join(paths.run, "relay.json");
  const [boot = "", began = ""] = record.identity.split(" ");
  for (const identity of [`${boot} ${Number(began) - 100}`, `another-boot ${began}`, ""]) {
    const stale = { ...record, identity };
    writeFileSync(file, JSON.stringify(stale));
    assert.equal(isRunning(stale), false, identity);
    assert.deepEqual(runningProcesses(paths), []);
    await stopProcess(stale, paths);
    assert.equal(isRunning(record), true, "the innocent one lives on");
  }
});

test("its output goes to the log, of which the end can be read", async (t) => {
  const { paths } = start(t, { command: ["sh", "-c", "seq 1 20; echo 出错了 >&2; pwd"], cwd: "/usr" });
  await until("it has spoken", () => logTail(paths, "relay").endsWith("/usr"));
  assert.equal(logTail(paths, "relay", 3), "20\n出错了\n/usr");
  assert.equal(logTail(paths, "relay").split("\n").length, 15);
  assert.equal(logTail(paths, "exporter"), "");
});

test("it sees only the environment it was given", async (t) => {
  const env = { PATH: process.env.PATH ?? "", GIVEN: "yes" };
  const { paths } = start(t, { command: ["sh", "-c", "env; echo end"], env });
  await until("it has spoken", () => logTail(paths, "relay", 99).endsWith("end"));
  const names = logTail(paths, "relay", 99)
    .split("\n")
    .map((line) => line.replace(/=.*/, ""));
  assert.ok(names.includes("GIVEN") && !names.includes("HOME"), `${names}`);
});

test("the log is added to; one over 20 MB is put aside", async (t) => {
  const paths = somewhere(t);
  const say = (word: string) => start(t, { command: ["echo", word] }, paths);
  const log = logFile(paths, "relay");
  say("first");
  await until("first", () => logTail(paths, "relay") === "first");
  say("second");
  await until("second", () => logTail(paths, "relay") === "first\nsecond");

  truncateSync(log, 20 * 1024 * 1024 + 1);
  say("third");
  await until("third", () => logTail(paths, "relay") === "third");
  assert.equal(statSync(`${log}.1`).size, 20 * 1024 * 1024 + 1);
});

test("records and logs are for nobody else to read", (t) => {
  const { paths } = start(t);
  const modes = [paths.run, paths.logs, join(paths.run, "relay.json"), logFile(paths, "relay")];
  assert.deepEqual(
    modes.map((path) => (statSync(path).mode & 0o777).toString(8)),
    ["700", "700", "600", "600"],
  );
});

test("a record that a power cut left empty does not hinder the others", (t) => {
  const { paths, record } = start(t);
  writeFileSync(join(paths.run, "exporter.json"), "");
  assert.deepEqual(runningProcesses(paths), [record]);
});

test("a program that does not exist is told, not thrown into nowhere", async (t) => {
  const paths = somewhere(t);
  const { child, record } = startProcess(
    { name: "relay", command: ["/no/such/program"], cwd: "/", env: {}, readyUrl: "", fingerprint: "f1" },
    paths,
  );
  const listeners = child.listenerCount("error");
  await once(child, "error").catch(() => {});
  assert.equal(isRunning(record), false);
  assert.ok(listeners > 0);
});
