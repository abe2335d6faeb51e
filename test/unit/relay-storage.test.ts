import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import { cannotMount } from "../helpers/mounting.ts";
import { firing, type PostedAlert, webhook } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { sample } from "./support/exporter.ts";
import { FAULTS, startFaultyWecom } from "./support/faulty-wecom.ts";
import { holdTime } from "./support/held-time.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";
import { emptyDisk, fillDisk, mountDisk, remount } from "./support/small-disk.ts";

/** Of one webhook that takes more room than what was written before can be reused for. */
const MANY = 500;

/** @param prepare what becomes of the disk before the relay starts, which then looks now and then whether it heals */
async function begin(t: TestContext, prepare?: (disk: string) => Promise<void> | void) {
  const disk = mountDisk(t);
  await prepare?.(disk);
  const clock = fakeClock();
  const wecom = await startFaultyWecom(t);
  const time = holdTime(t, clock, prepare && ["setTimeout", "setInterval"]);
  const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: wecom.url };
  const relay = await startRelay(t, { env, clock, dataDir: disk });
  return { disk, wecom, relay, pass: (seconds: number) => time.pass(seconds, () => wecom.held) };
}

suite("a disk", { skip: cannotMount() }, () => {
  test("that is full: 503, nothing is half stored, the rest goes on, and it heals once there is room", async (t) => {
    const { disk, relay, wecom, pass } = await begin(t);
    await relay.tell(critical("Before"));
    await pass(0);
    const accepted = await fillWhileAccepting(relay, disk);

    const refused = await relay.tell(...many());
    assert.equal(refused.status, 503);
    assert.deepEqual(await refused.json(), { error: "alerts cannot be stored at the moment" });
    assert.equal(await received(relay), 1 + MANY * accepted);
    assert.equal((await relay.post("/watchdog", webhook(firing("Watchdog")))).status, 200);
    for (const path of ["/-/healthy", "/-/ready", "/metrics", "/api/alerts", "/api/notifications"])
      assert.equal((await fetch(relay.url + path)).status, 200, path);
    const before = wecom.told.length;
    await pass(60);
    assert.ok(wecom.told.length - before <= 13, `${wecom.told.length - before} messages that it cannot note`);

    emptyDisk(disk);
    assert.equal((await relay.tell(critical("After"))).status, 200);
    await pass(300);
    assert.match(wecom.told.join("\n"), /After 发生/);
    assert.equal(sample(await relay.text("/metrics"), 'relay_outbox_pending{channel="wecom"}'), 0);
    // What was refused left nothing behind.
    assert.equal(stored(disk), 2 + MANY * accepted);
  });

  test("that is full when a message has just been sent: it is noted later, and sent once", async (t) => {
    const { disk, relay, wecom, pass } = await begin(t);
    wecom.behave(FAULTS.slow);
    await relay.tell(critical("Slow"));
    await pass(0);
    assert.equal(wecom.told.length, 1);
    await fillWhileAccepting(relay, disk);
    await pass(60);
    const slow = () => wecom.told.filter((text) => text.includes("Slow 发生")).length;
    assert.equal(slow(), 1);
    emptyDisk(disk);
    await pass(60);
    assert.equal(slow(), 1);
    assert.equal((await relay.notifications("limit=1000")).find(isSlow)?.state, "sent");
  });

  test("that is full when it starts: 503 until there is room, then it works", async (t) => {
    const { disk, relay, wecom, pass } = await begin(t, fillDisk);
    await assertRefuses(relay);
    await pass(60);
    await assertRefuses(relay);
    emptyDisk(disk);
    await pass(5);
    assert.equal((await relay.tell(critical("After"))).status, 200);
    await pass(5);
    assert.match(wecom.told.join("\n"), /After 发生/);
  });

  test("that is read-only: 503 until it is not, then what waited is told", async (t) => {
    const { disk, relay, wecom, pass } = await begin(t, async (disk) => {
      const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: "http://127.0.0.1:1" };
      const before = await startRelay(t, { env, dataDir: disk });
      assert.equal((await before.tell(critical("Waits"))).status, 200);
      await before.stop();
      remount(disk, "ro");
    });
    await assertRefuses(relay);
    remount(disk, "rw");
    await pass(90);
    assert.match(wecom.told.join("\n"), /Waits 发生/);
    assert.equal((await relay.tell(critical("After"))).status, 200);
  });
});

/** As a relay that is alive, but can neither store nor tell. */
async function assertRefuses(relay: TestRelay): Promise<void> {
  assert.equal((await relay.tell(critical("Refused"))).status, 503);
  assert.equal((await fetch(`${relay.url}/metrics`)).status, 503);
  assert.equal((await fetch(`${relay.url}/-/ready`)).status, 503);
  assert.equal((await fetch(`${relay.url}/-/healthy`)).status, 200);
}

const critical = (name: string) => firing(name, { severity: "critical" });
const isSlow = ({ alert }: { alert: Record<string, string> }) => alert.alertname === "Slow";

function many(): PostedAlert[] {
  return Array.from({ length: MANY }, () => firing("Many", { id: crypto.randomUUID() }));
}

/** Leaves room for half a webhook. @returns how many were taken before there was too little */
async function fillWhileAccepting(relay: TestRelay, disk: string): Promise<number> {
  fillDisk(disk, 100_000);
  for (let accepted = 0; accepted < 20; accepted += 1)
    if ((await relay.tell(...many())).status === 503) return accepted;
  throw new Error("the disk does not become full");
}

function stored(disk: string): unknown {
  const database = new DatabaseSync(join(disk, "relay.db"), { readOnly: true });
  try {
    return database.prepare("SELECT count(*) AS alerts FROM alerts").get()?.alerts;
  } finally {
    database.close();
  }
}

async function received(relay: TestRelay): Promise<number | undefined> {
  return sample(await relay.text("/metrics"), "relay_alerts_received_total");
}
