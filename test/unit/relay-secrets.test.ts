import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { SMTPServer } from "smtp-server";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { FAULTS } from "./support/faulty-wecom.ts";
import { recordingLogger } from "./support/logger.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";
import { listen } from "./support/server.ts";
import { until } from "./support/until.ts";

/** Nobody listens there. */
const NOBODY = "http://127.0.0.1:1";

const TOKEN = "relay-token-a1b2";
const KEYS = ["robot-key-5b64", "robot-key-6c75"];
const CORP_SECRET = "corp-secret-9d0e";
const ACCESS_TOKEN = "access-token-c3d4";
const USER = "mail-user-8d21";
const PASSWORD = "mail-password-77e0";
const BASE_PASSWORD = "base-password-31aa";
const PLANTED = [TOKEN, ...KEYS, CORP_SECRET, ACCESS_TOKEN, USER, PASSWORD, BASE_PASSWORD];
const SECRETS = [
  ...PLANTED,
  ...PLANTED.map(btoa),
  ...PLANTED.map((secret) => encodeURIComponent(btoa(secret))),
];

const ALERT = firing("ServiceDown", { severity: "critical" });

interface Question {
  method?: string;
  path: string;
  body?: string;
  headers?: Record<string, string>;
}

const post = (path: string, body: string, authorization = `Bearer ${TOKEN}`): Question => ({
  method: "POST",
  path,
  body,
  headers: { Authorization: authorization },
});

const READS = ["/metrics", "/api/alerts", "/api/notifications", "/-/healthy", "/-/ready"];
const WRITES = ["/alerts", "/watchdog", "/api/test"];
const QUESTIONS: Question[] = [
  ...READS.map((path) => ({ path })),
  ...[
    "/api/alerts?limit=many",
    "/api/notifications?channel=wecom&state=failed",
    "/nowhere",
    "/.env",
    "/%E0%A4%A",
  ].map((path) => ({ path })),
  ...["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"].flatMap((method) =>
    [...READS, ...WRITES].map((path) => ({ method, path })),
  ),
  ...["", "Bearer wrong", `Basic ${btoa(TOKEN)}`, `Bearer ${TOKEN}x`].flatMap((authorization) =>
    WRITES.map((path) => post(path, "{}", authorization)),
  ),
  ...["", "{", '{"version":"4"}', JSON.stringify(webhook(ALERT, resolved(firing("Another"))))].flatMap(
    (body) => [post("/alerts", body), post("/watchdog", body)],
  ),
  post("/alerts", " ".repeat(32 * 1024 * 1024 + 1)),
  { ...post("/alerts", "{}"), headers: { Authorization: `Bearer ${TOKEN}`, "Content-Encoding": "br-not" } },
  post("/api/test", ""),
];

/** Says again all that it was told, as a proxy's page of an error might. */
const echo: RequestListener = async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const errmsg = `${decodeURIComponent(request.url ?? "")} ${JSON.stringify(request.headers)} ${Buffer.concat(chunks)}`;
  response.setHeader("X-Echo", encodeURIComponent(errmsg));
  response.statusMessage = "no";
  response.end(JSON.stringify({ errcode: 40058, errmsg }));
};

const { "HTTP 500": failing, "half JSON": half, refusing, busy, "a page": page } = FAULTS;
const { "a connection that breaks": breaking, "an answer that breaks off": short } = FAULTS;
const WECOMS: Record<string, RequestListener | string> = {
  "is away": NOBODY,
  "is at an address with a password": `http://${USER}:${BASE_PASSWORD}@127.0.0.1:1`,
  "says again what it was told": echo,
  ...{ "answers HTTP 500": failing, "answers half": half, "answers a page": page },
  ...{ refuses: refusing, "is busy": busy, "breaks the connection": breaking, "breaks off": short },
};

for (const [name, wecom] of Object.entries(WECOMS)) {
  test(`no answer, header, metric or line of the log holds a secret while WeCom ${name}`, async (t) => {
    const { logger, lines } = recordingLogger();
    const relay = await startRelay(t, { logger, env: await environment(t, wecom) });
    const statuses = new Set<number>();
    for (const question of QUESTIONS) {
      const { method = "GET", path, body, headers = {} } = question;
      const response = await fetch(relay.url + path, {
        method,
        headers,
        ...(body !== undefined && { body }),
      });
      statuses.add(response.status);
      const text = `${response.statusText}\n${JSON.stringify([...response.headers])}\n${await response.text()}`;
      assertHoldsNone(text, `${method} ${path}`);
    }
    await triedEach(relay);
    for (const path of READS) assertHoldsNone(await relay.text(path), path);
    await relay.stop();
    assertHoldsNone(lines.join(""), "the log");
    // What was meant to be asked was asked, and failed.
    for (const status of [200, 400, 401, 404, 413]) assert.ok(statuses.has(status), `${status}`);
    assert.match(lines.join(""), /will try again|failed for good/);
  });
}

async function environment(t: TestContext, wecom: RequestListener | string): Promise<Record<string, string>> {
  const base = typeof wecom === "string" ? wecom : await listen(t, afterToken(wecom));
  return {
    RELAY_TOKEN: TOKEN,
    WECOM_API_BASE: base,
    WECOM_ROBOT_KEY: KEYS.join(","),
    WECOM_CORP_ID: "ww0123456789abcdef",
    WECOM_AGENT_ID: "1000002",
    WECOM_SECRET: CORP_SECRET,
    WECOM_TO_USER: "@all",
    SMTP_URL: await startMailServer(t),
    EMAIL_FROM: "monitor@example.com",
    EMAIL_TO: "ops@example.com",
  };
}

/** The first asks for a token, once in vain, then gets one. */
function afterToken(handler: RequestListener): RequestListener {
  let asked = 0;
  return (request, response) => {
    const isFirst = asked === 0;
    if (!request.url?.startsWith("/cgi-bin/gettoken")) return handler(request, response);
    asked += 1;
    if (isFirst) return handler(request, response);
    response.end(JSON.stringify({ errcode: 0, access_token: ACCESS_TOKEN, expires_in: 7200 }));
  };
}

/** Refuses the password in its own words, which repeat it. */
async function startMailServer(t: TestContext): Promise<string> {
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    onAuth: ({ username, password }, _session, done) =>
      done(Object.assign(new Error(`${username} ${password} ${btoa(`${username}`)}`), { responseCode: 535 })),
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return `smtp://${USER}:${PASSWORD}@127.0.0.1:${(server.server.address() as AddressInfo).port}`;
}

/** Waits until each channel has tried to tell of the alert. */
async function triedEach(relay: TestRelay): Promise<void> {
  for (const channel of ["wecom", "wecom_app", "email"])
    await until(`${channel} has tried`, async () =>
      (await relay.notifications(`channel=${channel}`)).some(({ attempts }) => attempts > 0),
    );
}

function assertHoldsNone(text: string, where: string): void {
  for (const secret of SECRETS) assert.ok(!text.includes(secret), `${where} holds ${secret}: ${text}`);
}
