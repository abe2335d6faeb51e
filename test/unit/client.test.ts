import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ALL, counts, interfere, recordAll, startAbsentExporter, startClient } from "./support/client.ts";
import { startExporter } from "./support/exporter.ts";
import { listen } from "./support/server.ts";
import { until } from "./support/until.ts";

/** A server that takes every batch. @returns its address, and the ids in the order they came in */
async function startTaker(t: TestContext) {
  const batches: string[][] = [];
  const url = await listen(t, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.url !== "/events") return void response.writeHead(503).end();
    const ids = JSON.parse(Buffer.concat(chunks).toString()).map(({ id }: { id: string }) => id);
    batches.push(ids);
    response.writeHead(202).end(JSON.stringify({ accepted: ids.length, duplicates: 0 }));
  });
  return { url, batches };
}

test("what is recorded is counted, without being waited for", async (t) => {
  const exporter = await startExporter(t);
  const client = startClient(exporter.url);
  recordAll(client);
  await until("all are counted", async () => (await counts(exporter)).join() === ALL.join());
  assert.deepEqual(client.told, []);
});

test("flush waits until it is on disk", async (t) => {
  const exporter = await startExporter(t);
  const client = startClient(exporter.url, { timing: { interval: 3600_000 } });
  recordAll(client);
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(exporter), ALL);
});

test("the exporter is away, comes back, goes and comes again: everything is counted once", async (t) => {
  const absent = await startAbsentExporter(t);
  const client = startClient(absent.url);
  /** The start's own request is one, each outage another, however often it was tried. */
  const outages = () => client.told.filter((told) => told.includes(`does not answer at ${absent.url}: `));
  recordAll(client);
  await until("the outage is told", () => outages().length === 2);
  assert.equal(await client.flush({ timeoutSeconds: 0.1 }), false);
  const first = await absent.comeBack();
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(first), ALL);
  await first.stop();

  recordAll(client);
  await until("the second outage is told", () => outages().length === 3);
  const second = await absent.comeBack();
  await until("the rest is counted", async () => (await counts(second))[0] === 4);
  assert.deepEqual(
    await counts(second),
    ALL.map((count) => 2 * count),
  );
  assert.equal(client.told.length, 3, client.told.join("\n"));
});

test("the answer is lost after the commit: sent again, counted once", async (t) => {
  const exporter = await startExporter(t);
  let cuts = 0;
  const proxy = await interfere(t, exporter, async (_events, forward, request, response) => {
    const { status, text } = await forward();
    if (cuts++ < 2) request.socket.destroy();
    else response.writeHead(status).end(text);
  });
  const client = startClient(proxy);
  recordAll(client);
  assert.equal(await client.flush(), true);
  assert.equal(cuts, 3);
  assert.deepEqual(await counts(exporter), ALL);
});

test("an answer that does not come is waited for only so long", async (t) => {
  const exporter = await startExporter(t);
  let silent = true;
  const proxy = await interfere(t, exporter, async (_events, forward, _request, response) => {
    const { status, text } = await forward();
    if (!silent) response.writeHead(status).end(text);
    silent = false;
  });
  const client = startClient(proxy, { timing: { timeout: 50 } });
  client.recordCase();
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(exporter), [0, 0, 0, 0, 1, 0]);
  assert.match(client.told.join(), /unreachable: the exporter does not answer at http:\S+: .*timeout/);
});

for (const status of [500, 503, 429, 200, 202, 302, 404]) {
  test(`HTTP ${status} without a count is no success: sent again`, async (t) => {
    const exporter = await startExporter(t);
    let refusals = 0;
    const proxy = await interfere(t, exporter, async (_events, forward, _request, response) => {
      if (refusals++ < 3) return void response.writeHead(status, { Location: "/metrics" }).end("{}");
      const answer = await forward();
      response.writeHead(answer.status).end(answer.text);
    });
    const client = startClient(proxy);
    recordAll(client);
    assert.equal(await client.flush(), true);
    assert.deepEqual(await counts(exporter), ALL);
    assert.equal(client.told.length, 1, client.told.join("\n"));
    const kind = status === 429 || status >= 500 ? "unavailable" : "unexpected";
    assert.match(client.told.join(), new RegExp(`^${kind}: ${proxy} answers HTTP ${status}`));
  });
}

test("a few hundred are sent at once, the rest in its time, all in order", async (t) => {
  const { url, batches } = await startTaker(t);
  const client = startClient(url, { timing: { interval: 3600_000 } });
  const ids = Array.from({ length: 1234 }, (_, number) => `case-${number}`);
  for (const id of ids) client.recordCase({ id });
  await until("full batches arrived", () => batches.length === 2);
  assert.equal(await client.flush(), true);
  assert.deepEqual(batches.flat(), ids);
  assert.deepEqual(
    batches.map(({ length }) => length),
    [500, 500, 234],
  );
});

test("while it waits to retry, full batches ask no sooner", async (t) => {
  let asked = 0;
  const url = await listen(t, (request, response) => {
    request.resume();
    if (request.url === "/events") asked++;
    response.writeHead(503).end();
  });
  const client = startClient(url, { timing: { firstRetry: 3600_000, longestRetry: 3600_000 } });
  client.recordCase();
  await until("it was asked", () => asked === 1);
  for (let count = 0; count < 2000; count++) {
    client.recordCase();
    if (count % 100 === 0) await sleep(1);
  }
  assert.equal(asked, 1);
});

test("the queue is full: the oldest are kept, the loss is told once, with its number", async (t) => {
  const absent = await startAbsentExporter(t);
  const client = startClient(absent.url, { maxWaiting: 3 });
  for (const outcome of ["ok", "ok", "ok", "error", "error"] as const) client.recordMessage({ outcome });
  assert.equal(await client.flush({ timeoutSeconds: 0.1 }), false);
  client.recordMessage({ outcome: "error" });
  assert.equal(await client.flush({ timeoutSeconds: 0 }), false);
  const losses = client.told.filter((told) => told.startsWith("dropped"));
  const reason = "3 wait for the exporter already (option maxWaiting)";
  assert.deepEqual(losses, [
    `dropped: 2 events were lost: ${reason}`,
    `dropped: 1 event was lost: ${reason}`,
  ]);

  const exporter = await absent.comeBack();
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(exporter), [3, 0, 0, 0, 0, 0]);
  client.recordCase();
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(exporter), [3, 0, 0, 0, 1, 0]);
});
