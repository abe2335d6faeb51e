import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PROJECT } from "../../scripts/stack/project.ts";
import { eventually } from "../helpers/eventually.ts";
import { FUSE_USAGE, type FuseServer, openFuseServer } from "../helpers/fuse-server.ts";
import { cannotMount } from "../helpers/mounting.ts";
import { freePorts } from "../helpers/ports.ts";
import { sample } from "../unit/support/exporter.ts";
import { temporaryFolder } from "../unit/support/folder.ts";

const SKIP = existsSync("/dev/fuse") ? cannotMount() : "there is no /dev/fuse";

/** A shell has names for the descriptors 3 to 9 only. */
const MOUNTS = 6;

interface Mounted {
  exporter: ChildProcess;
  servers: FuseServer[];
  mountpoints: string[];
  scrape(): Promise<string>;
  log(): string;
}

/** The exporter in a mount namespace of its own, so that the hung mounts are nobody else's. */
async function startExporter(t: TestContext, mounts: number): Promise<Mounted> {
  const folder = temporaryFolder(t);
  const servers = Array.from({ length: mounts }, openFuseServer);
  const mountpoints = servers.map((_, index) => join(folder, `nas${index}`));
  for (const mountpoint of mountpoints) mkdirSync(mountpoint);
  const [port = 0] = await freePorts(1);
  const config = join(folder, "config.ini");
  writeFileSync(config, `[monitoring]\nmetrics_port = ${port}\ncollect_interval = 1\n`);
  const mount = (mountpoint: string, index: number) =>
    `mount -i -t fuse -o fd=${3 + index},rootmode=40000,user_id=0,group_id=0 nas '${mountpoint}'`;
  // The descriptors stay with this process alone.
  const closing = servers.map((_, index) => `${3 + index}>&-`).join(" ");
  const script = [...mountpoints.map(mount), `exec "$0" exporter/main.ts ${closing}`].join(" && ");
  const exporter = spawn("unshare", ["--mount", "sh", "-c", script, process.execPath], {
    cwd: PROJECT,
    env: { PATH: process.env.PATH, MONITORING_CONFIG: config, DATA_DIR: folder },
    stdio: ["ignore", "pipe", "inherit", ...servers.map(({ fd }) => fd)],
  });
  let log = "";
  exporter.stdout?.on("data", (text) => {
    log += text;
  });
  t.after(() => {
    exporter.kill("SIGKILL");
    for (const server of servers) server.close();
  });
  const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return { exporter, servers, mountpoints, scrape, log: () => log };
}

const success = (text: string, collector: string) =>
  sample(text, `monitoring_collector_success{collector="${collector}"}`);

/** By the place alone; undefined where it is absent. */
function disk(text: string, mountpoint: string): number | undefined {
  const line = text.split("\n").find((candidate) => candidate.includes(`{mountpoint="${mountpoint}",`));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}

test("mounts that hang fail the disks alone, the root disk stays, and they heal", {
  skip: SKIP,
}, async (t) => {
  const { servers, mountpoints, scrape, log } = await startExporter(t, MOUNTS);
  const failed = await eventually("the failure", async () => {
    const text = await scrape();
    return success(text, "disk") === 0 ? text : undefined;
  });
  assert.ok((disk(failed, "/") ?? 0) > 0, "the root disk");
  for (const mountpoint of mountpoints) {
    assert.equal(disk(failed, mountpoint), undefined);
    assert.ok(log().includes(`${mountpoint} (fuse) hangs`), log());
  }

  const loads = new Set<number | undefined>();
  let slowest = 0;
  for (let count = 0; count < 40; count += 1) {
    const begun = performance.now();
    const text = await scrape();
    slowest = Math.max(slowest, performance.now() - begun);
    assert.deepEqual([success(text, "cpu"), success(text, "memory"), success(text, "disk")], [1, 1, 0]);
    assert.ok((disk(text, "/") ?? 0) > 0, "the root disk");
    loads.add(sample(text, "system_cpu_usage_percent"));
    await sleep(100);
  }
  assert.ok(loads.size > 1, "the CPU was measured once");
  assert.ok(slowest < 1000, `a scrape waited ${slowest} ms`);
  t.diagnostic(`the slowest scrape took ${slowest.toFixed(1)} ms`);

  servers[0]?.answer();
  await eventually("the first one", async () => disk(await scrape(), mountpoints[0] ?? "") === FUSE_USAGE);
  assert.equal(success(await scrape(), "disk"), 0);
  for (const server of servers) server.answer();
  const healed = await eventually("all of them", async () => {
    const text = await scrape();
    return success(text, "disk") === 1 ? text : undefined;
  });
  for (const mountpoint of mountpoints) assert.equal(disk(healed, mountpoint), FUSE_USAGE);
});

test("the exporter ends within seconds though a mount hangs", { skip: SKIP }, async (t) => {
  const { exporter, scrape, log } = await startExporter(t, 1);
  await eventually("the failure", async () => success(await scrape(), "disk") === 0);
  const begun = performance.now();
  exporter.kill("SIGTERM");
  await once(exporter, "exit");
  assert.ok(performance.now() - begun < 5000, `${performance.now() - begun} ms`);
  assert.match(log(), /"signal":"SIGTERM","msg":"stopping"/);
});
