import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { createExporterProcess } from "../helpers/exporter-process.ts";
import { residentMegabytes } from "../helpers/process-usage.ts";
import { sample } from "../unit/support/exporter.ts";

const REQUESTS = 1_000_000;
const CONNECTIONS = 8;
/** Requests that a connection sends before it waits for the answers. */
const PIPELINED = 50;
/** Megabytes that a process may differ by from one look to the next. */
const TOLERANCE = 20;

const host = "Host: localhost\r\n";
const post = (body: string, headers = "") =>
  `POST /events HTTP/1.1\r\n${host}${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const get = (path: string) => `GET ${path} HTTP/1.1\r\n${host}\r\n`;

/** Each is answered, and none with 2xx or 5xx. */
const GARBAGE = [
  post("{"),
  post('{"type":"message"}'),
  post(`[${"[".repeat(200)}`),
  post('{"type":"case","id":"\u0000"}\n{"type":"案件"}'),
  post("", "Content-Type: application/x-ndjson\r\n"),
  post("x".repeat(2000)),
  post("{}", "Content-Encoding: br-not\r\n"),
  post('{"type":"case"}', "Origin: https://evil.example\r\n"),
  get("/events"),
  get("/%00/../../etc/passwd"),
  get("/runbooks/%2e%2e%2fREADME"),
  get("/api/dashboard?duration=%F0%9F%92%A9"),
  get(`/${"a".repeat(1000)}`),
  `DELETE /api/alerts HTTP/1.1\r\n${host}\r\n`,
];

test("a million requests of garbage leave memory where it was, and nothing counted", {
  timeout: 300_000,
}, async (t) => {
  const exporter = await createExporterProcess("enabled = false\n", { LOG_LEVEL: "fatal" });
  t.after(() => exporter.remove());
  await exporter.start();
  const { port } = new URL(exporter.url);
  await sendAll(Number(port), REQUESTS / 10);
  const before = Math.round(residentMegabytes(exporter.pid));
  await sendAll(Number(port), REQUESTS);
  const after = Math.round(residentMegabytes(exporter.pid));
  t.diagnostic(`${before} MB, then ${after} MB`);
  assert.ok(after < before + TOLERANCE, `${before} MB before, ${after} MB after`);
  const scrape = await (await fetch(`${exporter.url}/metrics`)).text();
  assert.equal(sample(scrape, "cases_total"), 0);
  assert.equal(sample(scrape, "wecom_messages_total"), 0);
});

async function sendAll(port: number, requests: number): Promise<void> {
  const share = requests / CONNECTIONS;
  await Promise.all(Array.from({ length: CONNECTIONS }, () => sendSome(port, share)));
}

async function sendSome(port: number, requests: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("latin1");
  await once(socket, "connect");
  for (let sent = 0; sent < requests; sent += PIPELINED) {
    const burst = Array.from({ length: PIPELINED }, (_, index) => GARBAGE[(sent + index) % GARBAGE.length]);
    socket.write(burst.join(""));
    let answers = "";
    while (statuses(answers).length < PIPELINED) answers += (await once(socket, "data"))[0];
    assert.ok(
      statuses(answers).every((status) => status.startsWith("4")),
      answers,
    );
  }
  socket.destroy();
}

function statuses(answers: string): string[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status = ""]) => status);
}
