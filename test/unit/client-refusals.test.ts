import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ALL, counts, interfere, recordAll, startClient } from "./support/client.ts";
import { fakeClock } from "./support/clock.ts";
import { startExporter } from "./support/exporter.ts";
import { listen } from "./support/server.ts";
import { until } from "./support/until.ts";

test("bad events among good ones: exactly they are left out, and named", async (t) => {
  const clock = fakeClock();
  const exporter = await startExporter(t, { clock });
  const client = startClient(exporter.url, { clock });
  client.recordCase();
  client.recordMessage({ outcome: "ok", id: "too-old", at: new Date(clock.now() - 49 * 3600_000) });
  client.recordCase({ at: new Date(clock.now() - 47 * 3600_000) });
  client.recordConsultation({ id: "too-early", at: "2026-02-12T22:00:00+08:00" });
  client.recordSatisfaction({ score: 3 });
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(exporter), [0, 0, 0, 0, 2, 3]);
  const rule = "at: must be at most 48 h back and 5 min ahead";
  assert.deepEqual(client.told, [
    `refused: the exporter refused 2 of 5 events: message too-old ${rule}; consultation too-early ${rule}`,
  ]);
});

test("a 400 that names no event loses none", async (t) => {
  const exporter = await startExporter(t);
  const answers = [
    "{}",
    '{"error":"no","problems":[]}',
    '{"problems":[{"index":7},{"index":"0"},null]}',
    "<html>",
  ];
  const proxy = await interfere(t, exporter, async (_events, forward, _request, response) => {
    const refusal = answers.shift();
    if (refusal !== undefined) return void response.writeHead(400).end(refusal);
    const { status, text } = await forward();
    response.writeHead(status).end(text);
  });
  const client = startClient(proxy);
  recordAll(client);
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(exporter), ALL);
  assert.deepEqual(
    client.told.map((told) => told.split(":")[0]),
    ["unexpected", "refused", "unexpected"],
  );
});

test("a batch that is too large is halved, until it is taken", async (t) => {
  const exporter = await startExporter(t);
  const sizes: number[] = [];
  const proxy = await interfere(t, exporter, async (events, forward, _request, response) => {
    sizes.push(events.length);
    if (events.length > 2) return void response.writeHead(413).end();
    const { status, text } = await forward();
    response.writeHead(status).end(text);
  });
  const client = startClient(proxy);
  recordAll(client);
  recordAll(client);
  assert.equal(await client.flush(), true);
  assert.deepEqual(sizes, [10, 5, 3, 2, 2, 2, 2, 2]);
  assert.deepEqual(
    await counts(exporter),
    ALL.map((count) => 2 * count),
  );
});

suite("the token", () => {
  test("is wrong, and then right: told once, nothing lost, and it is in no error", async (t) => {
    const exporter = await startExporter(t, { env: { EXPORTER_TOKEN: "right-token" } });
    let asked = 0;
    const count = await listen(t, async (request, response) => {
      asked++;
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const authorization = request.headers.authorization ?? "";
      const answer = await exporter.send(Buffer.concat(chunks).toString(), { authorization });
      response.writeHead(answer.status).end(await answer.text());
    });
    const client = startClient(count, { token: "wrong-token" });
    await until("the start is refused", () => client.told.length === 1);
    client.told.length = 0;
    recordAll(client);
    await until("it was tried again and again", () => asked > 5);
    assert.deepEqual(client.told, [
      `unauthorized: ${count} answers HTTP 401: Authorization: Bearer <token> is required (the token is another: set EXPORTER_TOKEN to the exporter's)`,
    ]);

    // Told again to whoever tries again: once by the start itself, once by the events.
    await client.startMonitoring({ token: "wrong-again" });
    await until("it is told again", () => client.told.length === 3);

    void client.startMonitoring({ token: "right-token" });
    assert.equal(await client.flush(), true);
    assert.deepEqual(await counts(exporter), ALL);
    assert.doesNotMatch(client.told.join(), /wrong-token|wrong-again|right-token/);
  });

  test("is set right while the wrong one is being refused: tried again at once", async (t) => {
    const exporter = await startExporter(t);
    const refuse: (() => void)[] = [];
    const proxy = await interfere(t, exporter, async (_events, forward, request, response) => {
      if (request.headers.authorization !== "Bearer right-token")
        return void refuse.push(() => response.writeHead(401).end());
      const { status, text } = await forward();
      response.writeHead(status).end(text);
    });
    const client = startClient(proxy, { token: "wrong-token", timing: { slowRetry: 3600_000 } });
    client.recordCase();
    await until("it was asked", () => refuse.length === 1);
    void client.startMonitoring({ token: "right-token" });
    refuse[0]?.();
    await until("the event is counted", async () => (await counts(exporter))[4] === 1);
  });

  test("that no header can hold is refused without being repeated", async (t) => {
    const exporter = await startExporter(t);
    const client = startClient(exporter.url, { token: "line\nbreak" });
    client.recordCase();
    assert.equal(await client.flush(), true);
    assert.deepEqual(client.told, ["invalid: option token must be printable ASCII without spaces"]);
  });
});

test("an address with a password is not used, nor repeated; the right one gets everything", async (t) => {
  const exporter = await startExporter(t);
  const client = startClient(exporter.url.replace("//", "//user:s3cret@"));
  recordAll(client);
  assert.equal(await client.flush({ timeoutSeconds: 0.05 }), false);
  assert.ok(client.told.length > 0);
  for (const told of client.told)
    assert.equal(
      told,
      "invalid: MONITORING_URL must be an http:// or https:// address without user name, password or query",
    );
  assert.equal(await client.startMonitoring({ url: `${exporter.url}/` }), true);
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(exporter), ALL);
});

test("what is recorded wrongly is told, and nothing of it sent", async (t) => {
  const exporter = await startExporter(t);
  const client = startClient(exporter.url);
  const wrong = client as unknown as Record<string, (details?: unknown) => void>;
  wrong.recordMessage?.();
  wrong.recordMessage?.({ outcome: "fine" });
  wrong.recordMessage?.({ outcome: "ok", durationSeconds: -1 });
  wrong.recordMessage?.({ outcome: "ok", durationSeconds: 86_401 });
  wrong.recordMessage?.({ outcome: "ok", durationSeconds: "1" });
  wrong.recordSatisfaction?.({ score: Number.NaN });
  wrong.recordSatisfaction?.({ score: 0.9 });
  wrong.recordCase?.({ id: "x".repeat(129) });
  wrong.recordCase?.({ id: "" });
  wrong.recordCase?.({ at: "yesterday" });
  wrong.recordCase?.({ at: new Date(Number.NaN) });
  wrong.recordConsultation?.(null);
  client.recordCase({ id: "x".repeat(128) });
  assert.equal(await client.flush(), true);
  assert.deepEqual(await counts(exporter), [0, 0, 0, 0, 1, 0]);
  const duration = "message not recorded: durationSeconds must be a number of seconds, 0 to 86400";
  const score = "satisfaction not recorded: score must be a number, 1 to 5";
  const id = "case not recorded: id must be a text of 1 to 128 characters";
  const at = "case not recorded: at must be a Date or an RFC 3339 time, such as 2026-02-12T21:46:44+08:00";
  assert.deepEqual(
    client.told.map((told) => told.replace("invalid: ", "")),
    [
      "message not recorded: the argument must be an object",
      'message not recorded: outcome must be "ok" or "error"',
      ...[duration, duration, duration, score, score, id, id, at, at],
      "consultation not recorded: the argument must be an object",
    ],
  );
});
