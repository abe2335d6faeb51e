import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { recordingLogger } from "./support/logger.ts";
import { startRelay } from "./support/relay.ts";
import { listen } from "./support/server.ts";

const TOKEN = "relay-token-3f9c";
const KEYS = ["robot-key-5b64", "robot-key-8d21"];
const CORP_SECRET = "corp-secret-77e0";
const ACCESS_TOKEN = "access-token-a1b2";
const USER = "mail-user-c3d4";
const PASSWORD = "mail-password-e5f6";
const SECRETS = [
  TOKEN,
  ...KEYS,
  CORP_SECRET,
  ACCESS_TOKEN,
  PASSWORD,
  btoa(`\0${USER}\0${PASSWORD}`),
  btoa(PASSWORD),
];

const answers = (body: object): RequestListener => {
  return (request, response) =>
    response.end(
      JSON.stringify(
        request.url?.startsWith("/cgi-bin/gettoken")
          ? { errcode: 0, errmsg: "ok", access_token: ACCESS_TOKEN, expires_in: 7200 }
          : body,
      ),
    );
};

/** What stands where WeCom should be; it may repeat what it was asked. */
const WORLDS: Record<string, RequestListener> = {
  "WeCom takes everything": answers({ errcode: 0, errmsg: "ok" }),
  "WeCom refuses the set-up": answers({ errcode: 40001, errmsg: "invalid credential" }),
  "WeCom is busy": answers({ errcode: 45009, errmsg: "api freq out of limit" }),
  "somebody repeats the address": (request, response) =>
    response.writeHead(403).end(`<html>no access to ${request.url}</html>`),
  "somebody repeats it in WeCom's form": (request, response) =>
    response.end(JSON.stringify({ errcode: 93000, errmsg: `invalid ${request.url}`, access_token: "" })),
  "the connection breaks": (request) => void request.socket.destroy(),
};

for (const [name, world] of Object.entries(WORLDS)) {
  test(`no secret in any answer, header, metric or log line: ${name}`, async (t) => {
    const said = await everythingSaid(t, await listen(t, world));
    for (const secret of SECRETS) {
      const place = said.find((text) => text.includes(secret));
      assert.equal(place, undefined, `${secret} is in it`);
    }
  });
}

async function everythingSaid(t: TestContext, wecom: string): Promise<string[]> {
  const { logger, lines } = recordingLogger();
  const relay = await startRelay(t, {
    logger,
    env: {
      RELAY_TOKEN: TOKEN,
      WECOM_ROBOT_KEY: KEYS.join(),
      WECOM_CORP_ID: "ww0123456789abcdef",
      WECOM_AGENT_ID: "1000002",
      WECOM_SECRET: CORP_SECRET,
      WECOM_TO_USER: "zhangsan",
      WECOM_API_BASE: wecom,
      SMTP_URL: `smtp://${USER}:${PASSWORD}@127.0.0.1:1`,
      EMAIL_FROM: "m@example.com",
      EMAIL_TO: "o@example.com",
    },
  });
  const said: string[] = [];
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(relay.url + path, init);
    said.push(JSON.stringify([...response.headers]), await response.text());
  };
  const post = (path: string, body: unknown, token = TOKEN) =>
    ask(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    });
  const alert = firing("ServiceDown", { severity: "critical" });
  await post("/alerts", webhook(alert, resolved(firing("HighCpuUsage"))));
  await post("/watchdog", webhook(firing("Watchdog")));
  await post("/api/test", "");
  for (const token of ["", "wrong", `${TOKEN}x`]) await post("/alerts", webhook(alert), token);
  for (const body of ["", "{", TOKEN, `{"version":"${PASSWORD}"}`]) await post("/alerts", body);
  for (const path of ["/", "/metrics", "/-/healthy", "/-/ready", "/nowhere", "/.env", "/%E0%A4%A"])
    await ask(path);
  for (const path of ["alerts", "notifications", "notifications?state=failed", "alerts?limit=many"])
    await ask(`/api/${path}`);
  // What a caller says himself may come back to him; nobody else reads it.
  const own = said.filter((text) => !text.includes('"problems"'));
  await relay.stop();
  return [...own, ...lines];
}
