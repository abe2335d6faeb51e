import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, test } from "node:test";
import { fakeClock } from "./support/clock.ts";
import { sample, startExporter } from "./support/exporter.ts";
import { temporaryFolder } from "./support/folder.ts";
import { recordingLogger } from "./support/logger.ts";

const CASE = { type: "case" };
const TOKEN = { EXPORTER_TOKEN: "s3cret" };

test("a batch is counted once it is on disk, and a second time only what has no id", async (t) => {
  const exporter = await startExporter(t);
  const batch = [
    { ...CASE, id: "a" },
    { type: "message", outcome: "error" },
  ];
  const first = await exporter.send(batch);
  assert.equal(first.status, 202);
  assert.deepEqual(await first.json(), { accepted: 2, duplicates: 0 });
  assert.deepEqual(await (await exporter.send(batch)).json(), { accepted: 1, duplicates: 1 });

  const scrape = await exporter.text("/metrics");
  const names = ["cases_total", "wecom_messages_total", "wecom_messages_errors_total"];
  assert.deepEqual(
    names.map((name) => sample(scrape, name)),
    [1, 2, 2],
  );
});

test("what was answered 202 is there after a restart", async (t) => {
  const clock = fakeClock();
  const first = await startExporter(t, { clock });
  await first.send([{ type: "message", outcome: "ok" }, CASE]);
  await first.stop();

  const second = await startExporter(t, { clock, dataDir: first.dataDir });
  const scrape = await second.text("/metrics");
  assert.equal(sample(scrape, "cases_total"), 1);
  assert.equal(sample(scrape, 'wecom_daily_messages{day="today"}'), 1);
});

test("a batch with one bad event counts not at all, and says which one", async (t) => {
  const exporter = await startExporter(t);
  const response = await exporter.send([CASE, { type: "satisfaction", score: 6 }]);
  assert.equal(response.status, 400);
  assert.deepEqual(await response.json(), {
    error: "invalid events, none was counted",
    problems: [{ index: 1, field: "score", reason: "Too big: expected number to be <=5" }],
  });
  assert.equal(sample(await exporter.text("/metrics"), "cases_total"), 0);
});

test("a batch over 8 MiB is refused, one just below is taken", async (t) => {
  const exporter = await startExporter(t);
  const padded = (bytes: number) => JSON.stringify(CASE).padEnd(bytes);
  assert.equal((await exporter.send(padded(8 * 1024 * 1024))).status, 202);
  assert.equal((await exporter.send(padded(8 * 1024 * 1024 + 1))).status, 413);
  assert.equal(sample(await exporter.text("/metrics"), "cases_total"), 1);
});

test("while the disk refuses it answers 503, and counts what is sent again", async (t) => {
  const exporter = await startExporter(t);
  const other = new DatabaseSync(join(exporter.dataDir, "events.db"));
  t.after(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const refused = await exporter.send(CASE);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "10");
  assert.deepEqual(await refused.json(), {
    error: "events cannot be stored at the moment, send them again later: database is locked",
  });
  assert.equal(sample(await exporter.text("/metrics"), "cases_total"), 0);

  other.exec("ROLLBACK");
  assert.equal((await exporter.send(CASE)).status, 202);
  assert.equal(sample(await exporter.text("/metrics"), "cases_total"), 1);
});

test("where the folder cannot be made, 503 does not tell its path", async (t) => {
  const dataDir = join(temporaryFolder(t), "file", "data");
  writeFileSync(dirname(dataDir), "");
  const exporter = await startExporter(t, { dataDir });
  const response = await exporter.send(CASE);
  assert.equal(response.status, 503);
  assert.match(await response.text(), /send them again later: (ENOTDIR|EEXIST): [a-z ]+"/);
});

test("a request that is cut off is no error of ours", async (t) => {
  const { logger, lines } = recordingLogger();
  const exporter = await startExporter(t, { logger });
  const { port } = new URL(exporter.url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write("POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
  await once(socket, "connect");
  await exporter.text("/-/healthy");
  socket.destroy();
  await exporter.text("/-/healthy");
  await exporter.text("/-/healthy");
  assert.doesNotMatch(lines.join(), /request failed/);
});

suite("with a token", () => {
  test("it is asked for every write, and for no read", async (t) => {
    const exporter = await startExporter(t, { env: TOKEN });
    for (const Authorization of ["", "Bearer wrong", "Basic s3cret", "s3cret"]) {
      const response = await exporter.send(CASE, { Authorization });
      assert.equal(response.status, 401, Authorization);
      assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="monitoring"');
    }
    const stop = await fetch(`${exporter.url}/api/monitoring/stop`, { method: "POST" });
    assert.equal(stop.status, 401);
    assert.equal(sample(await exporter.text("/metrics"), "cases_total"), 0);
    assert.equal((await fetch(`${exporter.url}/api/status`)).status, 200);
  });

  test("whoever has it may write, from any origin", async (t) => {
    const exporter = await startExporter(t, { env: TOKEN });
    const headers = { Authorization: "bearer s3cret", Origin: "https://evil.example" };
    assert.equal((await exporter.send(CASE, headers)).status, 202);
  });
});

suite("without a token", () => {
  test("a page of another origin, open in a browser on this machine, may not write", async (t) => {
    const exporter = await startExporter(t);
    const foreign: Record<string, string>[] = [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { Origin: exporter.url.replace(/:\d+$/, ":1") },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
    ];
    for (const headers of foreign) {
      const response = await exporter.send(CASE, headers);
      assert.equal(response.status, 403, JSON.stringify(headers));
    }
    assert.equal(sample(await exporter.text("/metrics"), "cases_total"), 0);
  });

  test("nor may one whose name was made to lead here", async (t) => {
    const exporter = await startExporter(t);
    const { port } = new URL(exporter.url);
    const host = `evil.example:${port}`;
    // fetch would not let us say another host.
    const sent = request({
      port,
      method: "POST",
      path: "/events",
      headers: { Host: host, Origin: `http://${host}` },
    });
    sent.end(JSON.stringify(CASE));
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    response.resume();
    assert.equal(response.statusCode, 421);
  });

  test("programs and the exporter's own page may", async (t) => {
    const exporter = await startExporter(t);
    for (const headers of [{}, { Origin: exporter.url }, { "Sec-Fetch-Site": "same-origin" }]) {
      assert.equal((await exporter.send(CASE, headers)).status, 202, JSON.stringify(headers));
    }
  });
});
