import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { openOutbox } from "../../alertmanager/relay/outbox/database.ts";
import { accept } from "../../alertmanager/relay/outbox/intake.ts";
import { lease, readWaiting } from "../../alertmanager/relay/outbox/queue.ts";
import { parseWebhook } from "../../alertmanager/relay/webhook.ts";
import { cannotMount } from "../helpers/mounting.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { sample } from "./support/exporter.ts";
import { FAULTS, startFaultyWecom } from "./support/faulty-wecom.ts";
import { holdTime } from "./support/held-time.ts";
import { recordingLogger } from "./support/logger.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";
import { startRobots } from "./support/robots.ts";
import { emptyDisk, fillDisk, mountDisk, remount } from "./support/small-disk.ts";
import { until } from "./support/until.ts";

const CPU = firing("HighCpuUsage");
const DOWN = firing("ServiceDown", { severity: "critical" });
const AFTER = firing("After", { severity: "critical" });
const WATCHDOG = webhook(firing("Watchdog", { severity: "info" }));
/** WeCom is busy; tried again. */
const BUSY = -1;

suite("the relay's disk", { skip: cannotMount() }, () => {
  test("that is full: 503, the rest answers, and once there is room the next webhook is told", async (t) => {
    const { disk, robots, relay, lines } = await startOnDisk(t);
    await relay.tell(CPU);
    await robots.message(1);
    await relay.settled();

    fillDisk(disk);
    for (const alerts of [[DOWN], [DOWN, resolved(CPU)]]) {
      const refused = await relay.tell(...alerts);
      assert.equal(refused.status, 503);
      assert.deepEqual(await refused.json(), { error: "alerts cannot be stored at the moment" });
    }
    await answers(relay);
    assert.deepEqual(await states(relay), ["HighCpuUsage firing"]);
    assert.match(lines.join(), /cannot store alerts.*database or disk is full/s);

    emptyDisk(disk);
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
    fillDisk(disk, 256 * 1024);
    const texts = Array.from({ length: 64 }, (_, index) => [`text${index}`, "x".repeat(16 * 1024)]);
    const large = { ...firing("Large"), annotations: Object.fromEntries(texts) };
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

  test("that is full when a message has just been sent: it is noted later, and sent once", async (t) => {
    const { disk, relay, wecom, pass } = await beginHeld(t);
    wecom.behave(FAULTS.slow);
    await relay.tell(DOWN);
    await pass(0);
    assert.equal(wecom.told.length, 1);
    await fillWhileAccepting(relay, disk);
    await pass(60);
    const tellings = () => wecom.told.filter((text) => text.includes("ServiceDown 发生")).length;
    assert.equal(tellings(), 1);
    emptyDisk(disk);
    await pass(60);
    assert.equal(tellings(), 1);
    const told = await relay.notifications("limit=1000");
    assert.equal(told.find(({ alert }) => alert.alertname === "ServiceDown")?.state, "sent");
  });

  test("that is full when it starts: 503 until there is room, then it works", async (t) => {
    const { disk, relay, wecom, pass } = await beginHeld(t, fillDisk);
    await assertRefuses(relay);
    await pass(60);
    await assertRefuses(relay);
    emptyDisk(disk);
    await pass(5);
    assert.equal((await relay.tell(AFTER)).status, 200);
    await pass(5);
    assert.match(wecom.told.join("\n"), /After 发生/);
  });

  test("that is nearly full when it starts, with much that was under way: 503 until there is room for all of it", async (t) => {
    const { disk, relay, wecom, pass } = await beginHeld(t, (disk) => {
      leaveUnderWay(disk, 2000);
      fillDisk(disk, 96 * 1024);
    });
    await assertRefuses(relay);
    await pass(60);
    await assertRefuses(relay);
    emptyDisk(disk);
    await pass(5);
    assert.equal((await relay.tell(AFTER)).status, 200);
    await pass(60);
    assert.match(wecom.told.join("\n"), /After/);
  });

  test("that is read-only: 503 until it is not, then what waited is told", async (t) => {
    const { disk, relay, wecom, pass } = await beginHeld(t, async (disk) => {
      const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: "http://127.0.0.1:1" };
      const before = await startRelay(t, { env, dataDir: disk });
      assert.equal((await before.tell(DOWN)).status, 200);
      await before.stop();
      remount(disk, "ro");
    });
    await assertRefuses(relay);
    remount(disk, "rw");
    await pass(90);
    assert.match(wecom.told.join("\n"), /ServiceDown 发生/);
    assert.equal((await relay.tell(AFTER)).status, 200);
  });
});

/**
 * With time that passes only when told.
 * @param prepare what becomes of the disk before the relay starts, which then looks now and then whether it heals
 */
async function beginHeld(t: TestContext, prepare?: (disk: string) => Promise<void> | void) {
  const disk = mountDisk(t);
  await prepare?.(disk);
  const clock = fakeClock();
  const wecom = await startFaultyWecom(t);
  const time = holdTime(t, clock, prepare && ["setTimeout", "setInterval"]);
  const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: wecom.url };
  const relay = await startRelay(t, { env, clock, dataDir: disk });
  return { disk, wecom, relay, pass: (seconds: number) => time.pass(seconds, () => wecom.held) };
}

async function startOnDisk(t: TestContext) {
  const disk = mountDisk(t);
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

/** As a relay that is alive, but can neither store nor tell. */
async function assertRefuses(relay: TestRelay): Promise<void> {
  assert.equal((await relay.tell(DOWN)).status, 503);
  assert.equal((await fetch(`${relay.url}/metrics`)).status, 503);
  assert.equal((await fetch(`${relay.url}/-/ready`)).status, 503);
  assert.equal((await fetch(`${relay.url}/-/healthy`)).status, 200);
}

/** As a relay leaves it that is killed while it tells of many alerts. */
function leaveUnderWay(disk: string, alerts: number): void {
  const database = openOutbox(disk);
  const now = fakeClock().now();
  const many = Array.from({ length: alerts }, () => firing("Many", { id: crypto.randomUUID() }));
  accept(database, parseWebhook(webhook(...many)), ["wecom"], now);
  lease(database, readWaiting(database, "wecom", undefined, now), now);
  database.close();
}

/** Until what was written before leaves no room to be used again either. */
async function fillWhileAccepting(relay: TestRelay, disk: string): Promise<void> {
  fillDisk(disk);
  const many = () => Array.from({ length: 500 }, () => firing("Many", { id: crypto.randomUUID() }));
  await until("the disk is full", async () => (await relay.tell(...many())).status === 503);
}
