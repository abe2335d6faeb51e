import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createRelayProcess } from "../helpers/relay-process.ts";
import { APP, startWecomAppServer } from "../helpers/wecom-app-server.ts";
import { startHttpProxy } from "./support/http-proxy.ts";
import { startRobots } from "./support/robots.ts";
import { listen } from "./support/server.ts";
import { listenTls } from "./support/tls-server.ts";

/** Nobody knows this host but the proxy. */
const HOST = "wecom.test";
const ROBOT = { WECOM_ROBOT_KEY: "robot-key-hunter2" };
const BOTH = {
  ...ROBOT,
  WECOM_CORP_ID: APP.corpId,
  WECOM_AGENT_ID: String(APP.agentId),
  WECOM_SECRET: APP.secret,
  WECOM_TO_USER: "zhangsan",
};
const PASSWORD = "proxy-hunter2";

async function sendTest(t: TestContext, env: Record<string, string>) {
  const relay = await createRelayProcess(env);
  t.after(() => relay.remove());
  await relay.start();
  const answer = await (await fetch(`${relay.url}/api/test`, { method: "POST" })).text();
  for (const secret of [ROBOT.WECOM_ROBOT_KEY, APP.secret, PASSWORD]) {
    assert.ok(!`${answer}${relay.log()}`.includes(secret));
  }
  return JSON.parse(answer).results as Record<string, string>[];
}

const SENT = [
  { channel: "wecom", outcome: "sent" },
  { channel: "wecom_app", outcome: "sent" },
];

test("both WeCom channels go through HTTP_PROXY, to a base address with a path", async (t) => {
  const robots = await startRobots(t);
  const app = await startWecomAppServer();
  t.after(() => app.close());
  const PREFIX = "/internal/wecom";
  // One address for both, as WeCom's own.
  const gateway = await listen(t, async (request, response) => {
    const path = (request.url ?? "").replace(PREFIX, "");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = request.method === "POST" ? { body: Buffer.concat(chunks) } : {};
    const origin = path.startsWith("/cgi-bin/webhook/") ? robots.url : app.url;
    response.end(await (await fetch(origin + path, { method: request.method ?? "GET", ...body })).text());
  });
  const proxy = await startHttpProxy(t, gateway);
  const base = `http://${HOST}${PREFIX}`;
  const results = await sendTest(t, {
    ...BOTH,
    WECOM_API_BASE: `${base}/`,
    HTTP_PROXY: proxy.url.replace("http://", `http://user:${PASSWORD}@`),
  });
  assert.deepEqual(results, SENT);
  assert.deepEqual(proxy.asked.sort(), [
    `GET ${base}/cgi-bin/gettoken`,
    `POST ${base}/cgi-bin/message/send`,
    `POST ${base}/cgi-bin/webhook/send`,
  ]);
  assert.deepEqual([robots.messages.length, app.delivered.length], [1, 1]);
});

test("https goes through HTTPS_PROXY by CONNECT, encrypted to the end", async (t) => {
  const wecom = await listenTls(t, {
    name: `DNS:${HOST}`,
    handler: (_, response) =>
      void response.end('{"errcode":0,"errmsg":"ok","access_token":"t","expires_in":7200}'),
  });
  const proxy = await startHttpProxy(t, wecom.url);
  const env = { ...BOTH, WECOM_API_BASE: `https://${HOST}`, NODE_EXTRA_CA_CERTS: wecom.certificate };
  assert.deepEqual(await sendTest(t, { ...env, https_proxy: proxy.url }), SENT);
  assert.deepEqual(new Set(proxy.asked), new Set([`CONNECT ${HOST}:443`]));
});

test("a proxy that is not there is told as that, and what is on this machine is reached without", async (t) => {
  const nobody = "http://127.0.0.1:1";
  const away = await sendTest(t, { ...BOTH, WECOM_API_BASE: `https://${HOST}`, HTTPS_PROXY: nobody });
  assert.deepEqual(
    away.map(({ reason }) => reason),
    ["network", "network"],
  );
  const robots = await startRobots(t);
  const here = await sendTest(t, { ...ROBOT, WECOM_API_BASE: robots.url, HTTP_PROXY: nobody });
  assert.deepEqual(here, SENT.slice(0, 1));
});

test("what is no HTTP proxy keeps the relay from starting, and says so", async (t) => {
  const relay = await createRelayProcess({ HTTPS_PROXY: `socks5://user:${PASSWORD}@127.0.0.1:1080` });
  t.after(() => relay.remove());
  await assert.rejects(relay.start());
  assert.equal(
    relay.log(),
    "环境变量 HTTPS_PROXY：应为 HTTP 代理的地址，例如 http://proxy.example.com:3128\n",
  );
});
