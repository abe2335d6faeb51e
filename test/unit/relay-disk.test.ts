import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { cannotMount } from "../helpers/mounting.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { sample } from "./support/exporter.ts";
import { recordingLogger } from "./support/logger.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";
import { startRobots } from "./support/robots.ts";
import { until } from "./support/until.ts";

const CPU = firing("HighCpuUsage");
const DOWN = firing("ServiceDown", { severity: "critical" });
const WATCHDOG = webhook(firing("Watchdog", { severity: "info" }));
/** WeCom is busy; tried again. */
const BUSY = -1;

suite("the relay's disk", { skip: cannotMount() }, () => {
  test("that is full: 503, the rest answers, and once there is room the next webhook is told", async (t) => {
    const { disk, robots, relay, lines } = await startOnDisk(t);
    await relay.tell(CPU);
    await robots.message(1);
    await relay.settled();

    fill(disk);
    for (const alerts of [[DOWN], [DOWN, resolved(CPU)]]) {
      const refused = await relay.tell(...alerts);
      assert.equal(refused.status, 503);
      assert.deepEqual(await refused.json(), { error: "alerts cannot be stored at the moment" });
    }
    await answers(relay);
    assert.deepEqual(await states(relay), ["HighCpuUsage firing"]);
    assert.match(lines.join(), /cannot store alerts.*database or disk is full/s);

    rmSync(join(disk, "filler"));
    assert.equal((await relay.tell(DOWN, resolved(CPU))).status, 200);
    assert.match(await robots.message(2), /ServiceDown/);
    await relay.settled();
    assert.deepEqual(await states(relay), ["HighCpuUsage resolved", "ServiceDown firing"]);
    assert.equal(sample(await relay.text("/metrics"), "relay_alerts_received_total"), 3);
    const told = robots.messages.map(({ content }) => content).join();
    assert.equal(told.match(/\*\*ServiceDown 发生/g)?.length, 1);
    assert.ok(!lines.join().includes("delivery stumbled"));
  });

  test("that has room for a part: nothing of the webhook is stored, what fits is still taken", async (t) => {
    const { disk, robots, relay } = await startOnDisk(t);
    fill(disk, 256 * 1024);
    const large = { ...firing("Large"), annotations: { description: "x".repeat(1024 * 1024) } };
    assert.equal((await relay.tell(CPU, large, DOWN)).status, 503);
    assert.deepEqual(await states(relay), []);
    assert.deepEqual(await relay.notifications(), []);
    await answers(relay);

    assert.equal((await relay.tell(DOWN)).status, 200);
    assert.match(await robots.message(1), /ServiceDown/);
    await relay.settled();
    assert.deepEqual(await states(relay), ["ServiceDown firing"]);
    assert.equal(robots.messages.length, 1);
  });

  test("that becomes read-only: 503, the rest answers; mounted anew, what waited and what comes is told", async (t) => {
    const folder = mountDisk(t, 16);
    const disk = join(folder, "disk");
    try {
      makeFileSystem(folder, disk);
    } catch (error) {
      return t.skip(`no file system in a file here: ${(error as Error).message}`);
    }
    const { robots, relay, lines, env } = await startOn(t, disk);
    robots.answers.push(BUSY);
    await relay.tell(CPU);
    await until("it waits", async () => (await relay.notifications())[0]?.attempts === 1);

    // What a kernel does of its own accord when the disk is broken, whoever has files open.
    execFileSync("mount", ["-o", "remount,abort", disk]);
    relay.clock.advance(30);
    const refused = await relay.tell(DOWN);
    assert.equal(refused.status, 503);
    assert.deepEqual(await refused.json(), { error: "alerts cannot be stored at the moment" });
    await answers(relay);
    assert.deepEqual(await states(relay), ["HighCpuUsage firing"]);
    assert.match(lines.join(), /cannot store alerts/);

    await relay.stop();
    execFileSync("umount", [disk]);
    mountFile(folder, disk);
    const { clock, dataDir } = relay;
    const again = await startRelay(t, { env, clock, dataDir });
    assert.match(await robots.message(2), /HighCpuUsage/);
    await again.settled();
    assert.equal((await again.tell(DOWN)).status, 200);
    assert.match(await robots.message(3), /ServiceDown/);
    await again.settled();
    assert.deepEqual(await states(again), ["HighCpuUsage firing", "ServiceDown firing"]);
    assert.equal(robots.messages.length, 3);
    await again.stop();
  });
});

async function startOnDisk(t: TestContext) {
  const disk = mountDisk(t, 4);
  return { disk, ...(await startOn(t, disk)) };
}

async function startOn(t: TestContext, disk: string) {
  const robots = await startRobots(t);
  const { logger, lines } = recordingLogger();
  const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url };
  const relay = await startRelay(t, { env, dataDir: join(disk, "data"), logger });
  return { robots, relay, lines, env };
}

/** Whatever needs no disk goes on. */
async function answers(relay: TestRelay): Promise<void> {
  relay.clock.advance(30);
  const heard = await relay.post("/watchdog", WATCHDOG);
  assert.deepEqual([heard.status, await heard.json()], [200, { heard: true }]);
  const scrape = await fetch(`${relay.url}/metrics`);
  assert.equal(scrape.status, 200);
  assert.equal(sample(await scrape.text(), "relay_watchdog_age_seconds"), 0);
  assert.equal((await fetch(`${relay.url}/-/healthy`)).status, 200);
}

/** What is stored of each alert, by name. */
async function states(relay: TestRelay): Promise<string[]> {
  return (await relay.alerts()).map(({ labels, status }) => `${labels.alertname} ${status}`).sort();
}

/** A disk of so many megabytes, in memory. */
function mountDisk(t: TestContext, megabytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  t.after(() => {
    // With what is mounted within.
    execFileSync("umount", ["--lazy", folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** A file system in a file, which the kernel can make read-only while files are open. @throws where there is none */
function makeFileSystem(folder: string, disk: string): void {
  mkdirSync(disk);
  const file = join(folder, "image");
  writeFileSync(file, "");
  truncateSync(file, 12 * 1024 * 1024);
  execFileSync("mkfs.ext4", ["-q", "-F", file], { stdio: "pipe" });
  mountFile(folder, disk);
}

function mountFile(folder: string, disk: string): void {
  execFileSync("mount", ["-o", "loop", join(folder, "image"), disk], { stdio: "pipe" });
}

/** Takes what room is left, but for so many bytes. */
function fill(disk: string, left = 0): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, "filler"), Buffer.alloc(bavail * bsize));
  truncateSync(join(disk, "filler"), bavail * bsize - left);
}
