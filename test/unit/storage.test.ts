import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { systemClock } from "../../service/clock.ts";
import { cannotMount } from "../helpers/mounting.ts";
import { sample, startExporter, type TestExporter } from "./support/exporter.ts";
import { emptyDisk, fillDisk, mountDisk, remount } from "./support/small-disk.ts";
import { until } from "./support/until.ts";

const CASE = { type: "case" };

suite("a disk", { skip: cannotMount() }, () => {
  test("that is full: 503 with the reason, scrapes go on, and it heals once there is room", async (t) => {
    const disk = mountDisk(t);
    const exporter = await startExporter(t, { dataDir: disk });
    assert.equal((await exporter.send(CASE)).status, 202);

    fillDisk(disk);
    await until("the disk is full", async () => (await exporter.send(manyIds())).status === 503);
    const before = await cases(exporter);
    const refused = await exporter.send(manyIds());
    assert.equal(refused.status, 503);
    assert.deepEqual(await refused.json(), {
      error: "events cannot be stored at the moment, send them again later: database or disk is full",
    });
    assert.equal(await cases(exporter), before);

    emptyDisk(disk);
    assert.equal((await exporter.send(CASE)).status, 202);
    assert.equal(await cases(exporter), before + 1);
  });

  test("that is full when it starts: everything but the totals is there, they come once there is room", async (t) => {
    const disk = mountDisk(t);
    fillDisk(disk);
    const exporter = await startExporter(t, { dataDir: disk });
    assert.equal((await exporter.send(CASE)).status, 503);
    assert.equal((await fetch(`${exporter.url}/-/ready`)).status, 503);
    const scrape = await until("cpu", async () => {
      const text = await exporter.text("/metrics");
      return sample(text, "system_cpu_usage_percent") !== undefined && text;
    });
    for (const series of ["cases_total", "satisfaction_score_count", 'wecom_daily_messages{day="today"}']) {
      assert.equal(sample(scrape, series), undefined, series);
    }

    emptyDisk(disk);
    assert.equal((await exporter.send(CASE)).status, 202);
    assert.equal(await cases(exporter), 1);
    assert.equal((await fetch(`${exporter.url}/-/ready`)).status, 200);
  });

  test("that is read-only: 503 with the reason, and it heals once it is not", async (t) => {
    const disk = mountDisk(t);
    const dataDir = join(disk, "data");
    const first = await startExporter(t, { dataDir });
    assert.equal((await first.send(CASE)).status, 202);
    await first.stop();

    remount(disk, "ro");
    const exporter = await startExporter(t, { dataDir });
    const refused = await exporter.send(CASE);
    assert.equal(refused.status, 503);
    assert.match(JSON.stringify(await refused.json()), /readonly database|unable to open database file/);
    assert.equal(sample(await exporter.text("/metrics"), "cases_total"), undefined);

    remount(disk, "rw");
    assert.equal((await exporter.send(CASE)).status, 202);
    assert.equal(await cases(exporter), 2);
  });

  test("that has room again: the totals come back without an event, also while nothing is collected", async (t) => {
    const disk = mountDisk(t);
    fillDisk(disk);
    const config = { collectInterval: 0.05, enabled: false };
    const exporter = await startExporter(t, { dataDir: disk, config });
    assert.equal((await fetch(`${exporter.url}/-/ready`)).status, 503);
    emptyDisk(disk);
    await until("it is ready", async () => (await fetch(`${exporter.url}/-/ready`)).ok);
    assert.equal(await cases(exporter), 0);
  });

  test("that takes nothing shows before an event is lost", async (t) => {
    const disk = mountDisk(t);
    const exporter = await startExporter(t, {
      dataDir: disk,
      clock: systemClock,
      config: { collectInterval: 0.05 },
    });
    const stores = async (success: number) =>
      sample(await exporter.text("/metrics"), 'monitoring_collector_success{collector="events"}') === success;
    await until("it stores", () => stores(1));
    fillDisk(disk);
    await until("it is noticed", () => stores(0));
    emptyDisk(disk);
    await until("it stores again", () => stores(1));
  });
});

/** Takes more room than what was written before can be reused for. */
function manyIds(): unknown[] {
  return Array.from({ length: 1000 }, () => ({ ...CASE, id: crypto.randomUUID() }));
}

async function cases(exporter: TestExporter): Promise<number> {
  return sample(await exporter.text("/metrics"), "cases_total") ?? Number.NaN;
}
