import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { collected, startExporter } from "./support/exporter.ts";
import { recordingLogger } from "./support/logger.ts";
import { listen } from "./support/server.ts";

/** Nobody listens there. */
const NOBODY = "http://127.0.0.1:1";

const TOKEN = "exporter-token-3f9c";
const USER = "operator-8d21";
const PASSWORD = "password-77e0";
const KEY = "robot-key-5b64";
const RELAY_TOKEN = "relay-token-a1b2";
const SECRETS = [TOKEN, USER, PASSWORD, KEY, RELAY_TOKEN, btoa(`${USER}:${PASSWORD}`), btoa(TOKEN)];

interface Question {
  method?: string;
  path: string;
  authorization?: string;
  headers?: Record<string, string>;
  body?: string;
}

const get = (path: string): Question => ({ path });
const post = (path: string, body = "", authorization = `Bearer ${TOKEN}`): Question => ({
  method: "POST",
  path,
  body,
  authorization,
});

const QUESTIONS: Question[] = [
  ...["/", "/metrics", "/-/healthy", "/-/ready", "/runbooks/ServiceDown"].map(get),
  ...["/api/status", "/api/monitoring", "/api/alerts", "/api/alerts?limit=many"].map(get),
  ...["/api/dashboard", "/api/dashboard?duration=day", "/api/dashboard?duration=1"].map(get),
  { path: "/metrics", headers: { Accept: "application/openmetrics-text; version=1.0.0" } },
  { path: "/runbooks/ServiceDown", headers: { Accept: "text/html" } },
  post("/api/test"),
  ...["/nowhere", "/.env", "/runbooks/NoSuchAlert", "/runbooks/..%2F..%2F.env", "/runbooks/%E0%A4%A"].map(
    get,
  ),
  ...["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"].flatMap((method) =>
    ["/metrics", "/events", "/api/status", "/api/monitoring/stop"].map((path) => ({ method, path })),
  ),
  ...["", "Bearer wrong", `Basic ${btoa(TOKEN)}`, `Bearer ${TOKEN}x`].flatMap((authorization) => [
    post("/events", '{"type":"case"}', authorization),
    post("/api/monitoring/stop", "", authorization),
    post("/api/test", "", authorization),
  ]),
  ...["stop", "start"].map((action) => post(`/api/monitoring/${action}`)),
  post("/events", '{"type":"case"}'),
  // What is wrong with these is told in the caller's own words.
  ...["", "{", TOKEN, `{"type":"${KEY}"}`, `{"type":"case","${PASSWORD}":1}`].map((body) =>
    post("/events", body),
  ),
  post("/events", " ".repeat(8 * 1024 * 1024 + 1)),
  { ...post("/events", "{}"), headers: { "Content-Encoding": "br" } },
];

/** What Prometheus and the relay may do, and the answers that the exporter then gives. */
const UPSTREAMS: { name: string; answer?: RequestListener; status: number }[] = [
  { name: "are away", status: 502 },
  { name: "answer a page", answer: (_, response) => response.end("<html>"), status: 502 },
  { name: "answer something else", answer: (_, response) => response.end("{}"), status: 502 },
  { name: "fail", answer: (_, response) => response.writeHead(500).end("{}"), status: 502 },
  { name: "refuse", answer: (_, response) => response.writeHead(422).end('{"error":"no"}'), status: 422 },
];

for (const { name, answer, status } of UPSTREAMS) {
  test(`no answer, header or line of the log holds a secret while the other parts ${name}`, async (t) => {
    const { logger, lines } = recordingLogger();
    const upstream = withCredentials(answer ? await listen(t, answer) : NOBODY);
    const exporter = await startExporter(t, {
      env: { EXPORTER_TOKEN: TOKEN, RELAY_TOKEN, PROMETHEUS_URL: upstream, RELAY_URL: upstream },
      config: { services: await services(t) },
      logger,
    });
    await collected(exporter);

    const statuses = new Set<number>();
    for (const question of QUESTIONS) {
      const response = await ask(exporter.url, question);
      statuses.add(response.status);
      const text = `${response.statusText}\n${JSON.stringify([...response.headers])}\n${await response.text()}`;
      const others = SECRETS.filter((secret) => !question.body?.includes(secret));
      assertHoldsNone(text, others, `${question.method ?? "GET"} ${question.path}`);
    }
    await exporter.stop();
    assertHoldsNone(lines.join(""), SECRETS, "the log");
    // What was meant to be asked was asked.
    assert.ok(lines.length > 2);
    for (const expected of [200, 202, 400, 401, 404, 413, 415, status])
      assert.ok(statuses.has(expected), `${expected}`);
  });
}

/** One that answers, and some that cannot. config.ini refuses the one with a password; this asks what if it did not. */
async function services(t: TestContext): Promise<{ name: string; url: string }[]> {
  const service = await listen(t, (_request, response) => response.end());
  return [
    { name: "正常", url: `${service}/health?key=${KEY}` },
    { name: "没有应答", url: `${NOBODY}/health?key=${KEY}` },
    { name: "带密码", url: withCredentials(`${service}/health?key=${KEY}`) },
  ];
}

function withCredentials(url: string): string {
  return url.replace("//", `//${USER}:${PASSWORD}@`);
}

function ask(
  url: string,
  { method = "GET", path, authorization, headers, body }: Question,
): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: { ...headers, ...(authorization ? { Authorization: authorization } : {}) },
    ...(body === undefined ? {} : { body }),
  });
}

function assertHoldsNone(text: string, secrets: string[], where: string): void {
  for (const secret of secrets) assert.ok(!text.includes(secret), `${where} holds ${secret}: ${text}`);
}
