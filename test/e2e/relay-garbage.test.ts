import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { residentMegabytes } from "../helpers/process-usage.ts";
import { createRelayProcess, type RelayProcess } from "../helpers/relay-process.ts";
import { firing, webhook } from "../unit/support/alerts.ts";

const REQUESTS = 20_000;
const CONNECTIONS = 4;
/** Requests that a connection sends before it waits for the answers. */
const PIPELINED = 50;
const MIB = 1024 * 1024;

const CPU = firing("HighCpuUsage", { service: "案件系统" });
const WEBHOOK = Buffer.from(JSON.stringify(webhook(CPU, firing("ServiceDown", { severity: "critical" }))));
const READS = ["/api/alerts", "/api/notifications", "/metrics", "/-/healthy", "/", "/%E0", "/..%2f"];
const WRITES = ["/alerts", "/watchdog", "/api/test"];
const METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/** Method and route, mostly those that there are. */
const route = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("POST"), fc.constantFrom(...WRITES)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("GET"), fc.constantFrom(...READS)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...METHODS), fc.constantFrom(...READS, ...WRITES)) },
);
const target = fc
  .tuple(
    route,
    fc.oneof(
      fc.constant(""),
      fc.constantFrom("?limit=1e999", "?since[]=1&status=firing", "?limit=5&limit=6", "?channel=%00&state=x"),
      fc.webQueryParameters().map((query) => `?${query}`),
    ),
  )
  .map(([[method, path], query]) => `${method} ${path}${query.replaceAll(" ", "+")}`);
/** A webhook with some of its bytes gone, doubled or replaced: sometimes it still is one. */
const almost = fc
  .tuple(fc.nat(WEBHOOK.length), fc.nat(20), fc.uint8Array({ maxLength: 8 }))
  .map(([at, gone, instead]) =>
    Buffer.concat([WEBHOOK.subarray(0, at), instead, WEBHOOK.subarray(at + gone)]),
  );
const body = fc.oneof(
  almost,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify({ version: "4", alerts: [value] }))),
);
const headers = fc.array(
  fc.oneof(
    fc.constantFrom(
      "Content-Type: application/json; charset=gbk",
      "Content-Type: text/plain; charset=utf-7",
      "Content-Type: ;;;",
      "Content-Encoding: gzip",
      "Content-Encoding: br-not",
      "Authorization: Bearer ",
      "Origin: https://evil.example",
      "Sec-Fetch-Site: cross-site",
      "Upgrade: websocket",
      "Accept: \u00ff",
    ),
    fc.stringMatching(/^X-[a-z]{1,8}: [ -~]{0,30}$/),
  ),
  { maxLength: 3 },
);
const request = fc.record({ target, headers, body }).map(toBytes);

function toBytes(parts: { target: string; headers: string[]; body: Buffer }): Buffer {
  const lines = [
    `${parts.target} HTTP/1.1`,
    "Host: localhost",
    ...parts.headers,
    `Content-Length: ${parts.body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), parts.body]);
}

suite("whoever can reach the relay", () => {
  test(`sends ${REQUESTS} random requests: each is answered, none with 5xx`, {
    timeout: 120_000,
  }, async (t) => {
    const relay = await startRelay(t);
    const requests = sample(t, request, REQUESTS);
    const statuses = new Map<string, number>();
    const count = (status: string) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const share = REQUESTS / CONNECTIONS;
    await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, index) =>
        sendPipelined(relay, requests.slice(index * share, (index + 1) * share), count),
      ),
    );
    t.diagnostic(`${[...statuses].map((entry) => entry.join(" × "))}`);
    assert.deepEqual([...statuses.keys()].sort(), ["200", "400", "403", "404"]);
    await assertAlive(relay);
  });

  test("sends bytes that are no HTTP at all, or goes away in the middle", { timeout: 60_000 }, async (t) => {
    const relay = await startRelay(t);
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((all) => Buffer.from(all));
    const part = fc
      .tuple(request, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([whole, share]) => whole.subarray(0, Math.ceil(whole.length * share)));
    const pieces = sample(t, fc.oneof(bytes, part), 2000);
    for (let sent = 0; sent < pieces.length; sent += PIPELINED)
      await Promise.all(pieces.slice(sent, sent + PIPELINED).map((piece) => sendAndLeave(relay, piece)));
    await assertAlive(relay);
  });

  test("sends 32 MiB of mistakes: refused with the first of them, a body of 32 MiB is taken, a larger one not", {
    timeout: 120_000,
  }, async (t) => {
    const relay = await startRelay(t);
    const wrong = (alerts: string) => `{"version":"4","alerts":[${alerts}]}`;
    const labels = Array.from({ length: 300_000 }, (_, index) => `"a${index}":1`).join(",");
    for (const bad of [
      wrong(`${"0,".repeat(15 * MIB)}0`),
      wrong(`{"labels":{${labels}}}`),
      "[".repeat(MIB),
    ]) {
      const response = await post(relay, bad);
      assert.equal(response.status, 400);
      const { problems } = (await response.json()) as { problems: unknown[] };
      assert.ok(problems.length >= 1 && problems.length <= 20, `${problems.length} problems`);
    }
    const long = { ...CPU, annotations: { description: "说".repeat(10 * MIB) } };
    const whole = Buffer.alloc(32 * MIB, " ");
    whole.write(JSON.stringify(webhook(long)));
    assert.equal((await post(relay, whole)).status, 200);
    assert.equal((await post(relay, Buffer.concat([whole, Buffer.from(" ")]))).status, 413);
    t.diagnostic(`${Math.round(residentMegabytes(relay.pid))} MB`);
    await assertAlive(relay);
  });

  test("is slow or silent: the others are answered at once, and stopping waits for nobody", {
    timeout: 60_000,
  }, async (t) => {
    const relay = await startRelay(t);
    const head = "POST /alerts HTTP/1.1\r\nHost: localhost\r\n";
    const beginnings = [
      "",
      "P",
      `${head}X-Slow: `,
      `${head}Content-Length: 1000\r\n\r\n{"version"`,
      `${head}Transfer-Encoding: chunked\r\n\r\nffff\r\n{`,
      `${head}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n`,
      // Asks for much, and reads none of it.
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20),
    ];
    const sockets = await Promise.all(
      Array.from({ length: 350 }, (_, index) => open(relay, beginnings[index % beginnings.length] ?? "")),
    );
    const dribble = setInterval(() => {
      for (const socket of sockets.slice(0, 200)) if (socket.writable) socket.write("x");
    }, 20);
    t.after(() => clearInterval(dribble));
    let slowest = 0;
    for (let number = 0; number < 60; number += 1) {
      const begun = performance.now();
      assert.equal((await post(relay, JSON.stringify(webhook(firing(`A${number}`))))).status, 200);
      slowest = Math.max(slowest, performance.now() - begun);
      await sleep(20);
    }
    t.diagnostic(`the slowest took ${slowest.toFixed(0)} ms`);
    // The slow ones never end; a busy machine takes its time.
    assert.ok(slowest < 5000, `one waited ${slowest} ms`);

    const begun = performance.now();
    await relay.stop();
    assert.ok(performance.now() - begun < 10_000, `stopping took ${performance.now() - begun} ms`);
    for (const socket of sockets) socket.destroy();
  });
});

async function startRelay(t: TestContext): Promise<RelayProcess> {
  const relay = await createRelayProcess({ LOG_LEVEL: "fatal" });
  t.after(() => relay.remove());
  await relay.start();
  return relay;
}

function sample<T>(t: TestContext, arbitrary: fc.Arbitrary<T>, numRuns: number): T[] {
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  return fc.sample(arbitrary, { numRuns, seed });
}

async function open({ url }: RelayProcess, beginning: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(beginning);
  return socket;
}

async function sendPipelined(
  relay: RelayProcess,
  requests: Buffer[],
  count: (status: string) => void,
): Promise<void> {
  const socket = await open(relay, "");
  socket.setEncoding("latin1");
  for (let sent = 0; sent < requests.length; sent += PIPELINED) {
    const burst = requests.slice(sent, sent + PIPELINED);
    socket.write(Buffer.concat(burst));
    const answers = await read(socket, burst.length);
    assert.equal(answers.length, burst.length, `hung up on one of: ${Buffer.concat(burst)}`);
    answers.forEach(count);
  }
  socket.destroy();
}

/** @returns the status of that many answers, of fewer if it hangs up */
function read(socket: Socket, count: number): Promise<string[]> {
  return new Promise((resolve) => {
    let answers = "";
    const end = () => {
      socket.off("data", take).off("close", end);
      resolve(statusesIn(answers));
    };
    const take = (data: string) => {
      answers += data;
      if (statusesIn(answers).length >= count) end();
    };
    socket.on("data", take).once("close", end);
  });
}

function statusesIn(answers: string): string[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status = ""]) => status);
}

async function sendAndLeave(relay: RelayProcess, bytes: Buffer): Promise<void> {
  const socket = await open(relay, "");
  await new Promise((resolve) => socket.write(bytes, resolve));
  socket.destroy();
}

/** Still the same process, and as able as before. */
async function assertAlive(relay: RelayProcess): Promise<void> {
  assert.equal(process.kill(relay.pid, 0), true);
  assert.equal((await post(relay, WEBHOOK)).status, 200);
  assert.equal((await fetch(`${relay.url}/-/ready`)).status, 200);
}

function post({ url }: RelayProcess, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${url}/alerts`, { method: "POST", body });
}
