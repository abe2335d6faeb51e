import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { EnvironmentError } from "../../config/environment.ts";
import { collected, sample, startExporter, type TestExporter } from "./support/exporter.ts";
import { until } from "./support/until.ts";

const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

test("counters start at 0, and the average score is absent before the first", async (t) => {
  const exporter = await startExporter(t);
  const before = await exporter.text("/metrics");
  for (const name of [
    "wecom_messages_total",
    "wecom_messages_errors_total",
    "consultations_total",
    "cases_total",
  ])
    assert.equal(sample(before, name), 0, name);
  assert.equal(sample(before, 'wecom_daily_messages{day="today"}'), 0);
  assert.equal(sample(before, "average_satisfaction_score"), undefined);
  assert.equal(sample(before, "satisfaction_score_count"), 0);

  await exporter.send([
    { type: "satisfaction", score: 3 },
    { type: "satisfaction", score: 4 },
  ]);
  assert.equal(sample(await exporter.text("/metrics"), "average_satisfaction_score"), 3.5);
});

test("a histogram's buckets add up", async (t) => {
  const exporter = await startExporter(t);
  const message = (duration_seconds: number) => ({ type: "message", outcome: "ok", duration_seconds });
  await exporter.send([message(0.05), message(5), message(5.01), message(3600)]);
  const scrape = await exporter.text("/metrics");
  const bucket = (le: string) => sample(scrape, `wecom_message_processing_seconds_bucket{le="${le}"}`);
  assert.deepEqual(["0.05", "3", "5", "8", "60", "+Inf"].map(bucket), [1, 1, 2, 3, 3, 4]);
  assert.equal(sample(scrape, "wecom_message_processing_seconds_count"), 4);
});

test("OpenMetrics is spoken to whoever asks for it: the same samples, and an end", async (t) => {
  const exporter = await startExporter(t, { config: { enabled: false } });
  const plain = await until("the one collector that always runs", async () => {
    const scrape = await exporter.text("/metrics");
    return scrape.includes('monitoring_collector_success{collector="events"} 1') && scrape;
  });
  const response = await fetch(`${exporter.url}/metrics`, { headers: { Accept: OPEN_METRICS } });
  const open = await response.text();
  assert.equal(response.headers.get("content-type"), OPEN_METRICS);
  assert.match(open, /\n# EOF\n$/);
  assert.doesNotMatch(open, /^$\n/m);
  assert.match(open, /^# TYPE wecom_messages counter\nwecom_messages_total 0$/m);
  // The memory is another at each scrape.
  const samples = (text: string) => text.split("\n").filter((line) => /^(?!process_)\w/.test(line));
  assert.deepEqual(samples(open), samples(plain));
});

test("stopping drops every measured value, starting brings them back", async (t) => {
  const exporter = await startExporter(t);
  const control = async (action: string) =>
    (await fetch(`${exporter.url}/api/monitoring/${action}`, { method: "POST" })).json();
  // Whether events can be stored goes on to be told: they are taken all the while.
  const measured = /^(system_|service_|monitoring_collector_\w+\{collector="(?!events"))/m;
  assert.match(await collected(exporter), measured);

  assert.deepEqual(await control("stop"), { monitoring_enabled: false });
  const stopped = await exporter.text("/metrics");
  assert.doesNotMatch(stopped, measured);
  assert.equal(sample(stopped, "monitoring_enabled"), 0);
  assert.equal(sample(stopped, "wecom_messages_total"), 0);

  assert.deepEqual(await control("start"), { monitoring_enabled: true });
  const restarted = await collected(exporter);
  assert.equal(sample(restarted, 'service_up{service="monitoring"}'), 1);
  assert.equal(sample(restarted, "monitoring_enabled"), 1);
});

test("with enabled = false it listens and takes events, but measures nothing", async (t) => {
  const exporter = await startExporter(t, { config: { enabled: false, alertEnabled: false } });
  assert.equal((await exporter.send({ type: "case" })).status, 202);
  const scrape = await exporter.text("/metrics");
  assert.equal(sample(scrape, "monitoring_enabled"), 0);
  assert.equal(sample(scrape, "monitoring_alert_enabled"), 0);
  assert.doesNotMatch(scrape, /^(system_|service_)/m);
});

test("a database of a newer version: it does not start, and says why", async (t) => {
  const first = await startExporter(t);
  await first.stop();
  const database = new DatabaseSync(join(first.dataDir, "events.db"));
  database.exec("PRAGMA user_version = 99");
  database.close();
  await assert.rejects(startExporter(t, { dataDir: first.dataDir }), /第 99 版，本程序认识到第 \d+ 版/);
});

test("open to other machines without a token: refused", async (t) => {
  for (const HOST of ["0.0.0.0", "::", "192.0.2.1"]) {
    await assert.rejects(
      startExporter(t, { env: { HOST } }),
      new EnvironmentError(`HOST=${HOST} 对其他机器开放，必须同时设置 EXPORTER_TOKEN`),
    );
  }
});

test("it reaches itself when it listens on every address", async (t) => {
  const exporter = await startExporter(t, { env: { HOST: "0.0.0.0", EXPORTER_TOKEN: "secret" } });
  assert.equal(await ownService(exporter), 1);
});

const address = Object.values(networkInterfaces())
  .flat()
  .find((candidate) => candidate?.family === "IPv4" && !candidate.internal)?.address;

test("it reaches itself when it listens on one address only", {
  skip: address === undefined && "no network",
}, async (t) => {
  const exporter = await startExporter(t, { env: { HOST: address, EXPORTER_TOKEN: "secret" } });
  assert.equal(await ownService(exporter), 1);
});

async function ownService(exporter: TestExporter): Promise<number | undefined> {
  return sample(await collected(exporter), 'service_up{service="monitoring"}');
}
