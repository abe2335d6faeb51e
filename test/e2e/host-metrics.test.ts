import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { platform } from "node:os";
import { after, before, suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Collector, Sample } from "../../exporter/collectors/collector.ts";
import { createCollectors } from "../../exporter/collectors/index.ts";
import { eventually } from "../helpers/eventually.ts";
import { type NodeExporter, type Series, startNodeExporter } from "../helpers/node-exporter.ts";
import { testConfig } from "../unit/support/exporter.ts";
import { temporaryFolder } from "../unit/support/folder.ts";

/** Percentage points that our figures and the reference's may differ by. */
const TOLERANCE = 2;
const DISK_TOLERANCE = 0.1;

/** Milliseconds: how long a load runs before it is measured, and how long it is measured. */
const WARM_UP = 1000;
const WINDOW = 4000;

/** What stress-ng is told, beside its end. */
const LOADS = {
  cpu: ["--cpu", "2"],
  // Taken once, and held still until the end, so that both look at the same.
  memory: ["--vm", "1", "--vm-bytes", "8%", "--vm-method", "zero-one", "--vm-hang", "0"],
  io: ["--hdd", "2", "--hdd-bytes", "64m", "--hdd-opts", "fsync"],
};

const NO_STRESS = spawnSync("stress-ng", ["--version"]).status !== 0 && "stress-ng is not on the PATH";

suite("this machine, as node_exporter and df see it", {
  skip: platform() !== "linux" && "both read /proc",
}, () => {
  let reference: NodeExporter;
  let collectors: Collector[];

  before(async () => {
    reference = await startNodeExporter();
    collectors = createCollectors(testConfig(), "/", () => "");
  });

  after(() => {
    reference.stop();
    for (const collector of collectors) collector.stop?.();
  });

  const collect = async (name: string): Promise<Sample[]> =>
    (await collectors.find((collector) => collector.name === name)?.collect()) ?? [];

  async function compare(): Promise<{ cpu: number; memory: number }> {
    // The first run looks at a short window of its own.
    await collect("cpu");
    const [, begin] = await Promise.all([collect("cpu"), reference.scrape()]);
    await sleep(WINDOW);
    const [[cpu], [memory], end] = await Promise.all([collect("cpu"), collect("memory"), reference.scrape()]);
    assert.ok(cpu && memory);
    assertClose(cpu.value, busyShare(begin, end), TOLERANCE, "CPU");
    assertClose(memory.value, memoryShare(end), TOLERANCE, "memory");
    return { cpu: cpu.value, memory: memory.value };
  }

  test("CPU and memory as it is", async (t) => {
    t.diagnostic(JSON.stringify(await compare()));
  });

  test("CPU and memory under CPU load", { skip: NO_STRESS }, async (t) => {
    await stress(t, LOADS.cpu);
    const measured = await compare();
    t.diagnostic(JSON.stringify(measured));
    assert.ok(measured.cpu > 80, "the load was not there");
  });

  test("CPU and memory under memory load", { skip: NO_STRESS }, async (t) => {
    const memory = async () => (await collect("memory"))[0]?.value ?? Number.NaN;
    const before = await memory();
    await stress(t, LOADS.memory);
    await eventually("5 points more memory in use", async () => (await memory()) > before + 5, 30);
    t.diagnostic(JSON.stringify(await compare()));
  });

  test("CPU and memory under I/O load", { skip: NO_STRESS }, async (t) => {
    await stress(t, LOADS.io);
    t.diagnostic(JSON.stringify(await compare()));
  });

  test("disks", async () => {
    const [disks, scrape] = await Promise.all([collect("disk"), reference.scrape()]);
    const df = readDf();
    const theirs = fileSystemShares(scrape);
    assert.ok(theirs.has("/"));
    assert.ok(disks.some(({ labels }) => labels?.mountpoint === "/"));
    for (const { labels, value } of disks) {
      const mountpoint = labels?.mountpoint ?? "";
      assertClose(value, df.get(mountpoint), DISK_TOLERANCE, `${mountpoint} of df`);
      // It leaves out some places by their name.
      if (theirs.has(mountpoint)) assertClose(value, theirs.get(mountpoint), DISK_TOLERANCE, mountpoint);
    }
  });
});

/** Runs until the test ends, and never for long. */
async function stress(t: TestContext, load: string[]): Promise<void> {
  const options = ["--timeout", "45s", "--temp-path", temporaryFolder(t)];
  // It takes what the other tests leave: their waits are not to grow long.
  const child = spawn("nice", ["-n", "19", "stress-ng", ...load, ...options], { stdio: "ignore" });
  t.after(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // On SIGINT it ends its workers; they would outlive it otherwise.
    if (child.kill("SIGINT")) await ended;
  });
  await sleep(WARM_UP);
}

function assertClose(ours: number, theirs: number | undefined, tolerance: number, what: string): void {
  const near = theirs !== undefined && Math.abs(ours - theirs) <= tolerance;
  assert.ok(near, `${what}: ${ours}, the reference ${theirs}`);
}

/** In percent. Guest time is a metric of its own there, and counted as user time too. */
function busyShare(begin: Series[], end: Series[]): number {
  const seconds = (scrape: Series[], modes: RegExp) =>
    scrape
      .filter(({ name, labels }) => name === "node_cpu_seconds_total" && modes.test(labels.mode ?? ""))
      .reduce((sum, { value }) => sum + value, 0);
  const passed = (modes: RegExp) => seconds(end, modes) - seconds(begin, modes);
  return 100 * (1 - passed(/^(idle|iowait)$/) / passed(/./));
}

function memoryShare(scrape: Series[]): number {
  const bytes = (name: string) => scrape.find((series) => series.name === name)?.value ?? Number.NaN;
  return 100 * (1 - bytes("node_memory_MemAvailable_bytes") / bytes("node_memory_MemTotal_bytes"));
}

/** By mount point, in percent. */
function fileSystemShares(scrape: Series[]): Map<string, number> {
  const bytes = (name: string) =>
    new Map(
      scrape
        .filter((series) => series.name === `node_filesystem_${name}_bytes`)
        .map(({ labels, value }) => [labels.mountpoint ?? "", value]),
    );
  const [sizes, free, available] = [bytes("size"), bytes("free"), bytes("avail")];
  return new Map(
    Array.from(sizes, ([mountpoint, size]) => {
      const used = size - (free.get(mountpoint) ?? 0);
      return [mountpoint, (100 * used) / (used + (available.get(mountpoint) ?? 0))];
    }),
  );
}

/** By mount point, in percent. */
function readDf(): Map<string, number> {
  const output = execFileSync("df", ["-B1", "--output=used,avail,target"], { encoding: "utf8" });
  const lines = Array.from(output.matchAll(/^ *(\d+) +(\d+) (.+)$/gm), ([, used, available, target = ""]) => {
    const share = (100 * Number(used)) / (Number(used) + Number(available));
    return [target, share] as const;
  });
  return new Map(lines);
}
