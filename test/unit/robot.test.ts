import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import type { Outcome } from "../../alertmanager/relay/channels/channel.ts";
import { wecomRobotChannel } from "../../alertmanager/relay/channels/wecom-robot/channel.ts";
import type { Reservation } from "../../alertmanager/relay/outbox/window.ts";
import { createWording } from "../../alertmanager/relay/wording.ts";
import { fakeClock } from "./support/clock.ts";
import { startRobots } from "./support/robots.ts";
import { listen } from "./support/server.ts";

const KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa";

function sendTest(
  apiBase: string,
  { keys = [KEY], reserve = (): Reservation => ({ granted: true }) } = {},
): Promise<Outcome> {
  const wording = createWording({
    timezone: "Asia/Shanghai",
    alertmanagerUrl: "http://localhost:9093",
    exporterUrl: "http://localhost:8001",
  });
  const mention = { users: [], mobiles: [], everybody: false };
  const channel = wecomRobotChannel({
    settings: { keys, apiBase, mention },
    wording,
    clock: fakeClock(),
    window: { reserve, answered: () => {}, room: () => 20 },
  });
  return channel.send(channel.composeTest());
}

async function answered(t: TestContext, answer: RequestListener): Promise<Outcome> {
  return sendTest(await listen(t, answer));
}

test("a message goes to the robot's webhook as markdown", async (t) => {
  let asked = "";
  const outcome = await answered(t, (request, response) => {
    asked = `${request.method} ${request.url} ${request.headers["content-type"]}`;
    response.end('{"errcode":0,"errmsg":"ok"}');
  });
  assert.deepEqual(outcome, { kind: "sent" });
  assert.equal(asked, `POST /cgi-bin/webhook/send?key=${KEY} application/json`);
});

test("without room left nothing is sent, and the earliest robot to have room is waited for", async (t) => {
  const robots = await startRobots(t);
  const waits = [3000, 1000, 2000];
  const reserve = (): Reservation => ({ granted: false, until: waits.shift() ?? 0 });
  const outcome = await sendTest(robots.url, { keys: ["a", "b", "c"], reserve });
  assert.deepEqual(outcome, { kind: "wait", until: 1000 });
  assert.deepEqual(robots.messages, []);
});

test("the limit is kept under a name that does not reveal the key", async (t) => {
  const robots = await startRobots(t);
  const names: string[] = [];
  const reserve = (name?: string): Reservation => {
    names.push(name ?? "");
    return { granted: true };
  };
  await sendTest(robots.url, { reserve });
  assert.match(names[0] ?? "", /^wecom-robot [0-9a-f]{16}$/);
});

test("a robot that was removed does not lose what another will tell once it has room again", async (t) => {
  const apiBase = await listen(t, (_, response) => response.end('{"errcode":93000,"errmsg":"gone"}'));
  const reservations: Reservation[] = [{ granted: true }, { granted: false, until: 5 }];
  const reserve = () => reservations.shift() ?? { granted: true };
  assert.deepEqual(await sendTest(apiBase, { keys: ["gone", "b"], reserve }), { kind: "wait", until: 5 });
});

test("a robot that is used up by others does not hold up the one beside it, and is left alone for a minute", async (t) => {
  const asked: string[] = [];
  const apiBase = await listen(t, (request, response) => {
    const key = new URL(request.url ?? "", "http://localhost").searchParams.get("key") ?? "";
    asked.push(key);
    response.end(
      JSON.stringify(key === "shared" ? { errcode: 45009, errmsg: "" } : { errcode: 0, errmsg: "ok" }),
    );
  });
  const mention = { users: [], mobiles: [], everybody: false };
  const clock = fakeClock();
  const channel = wecomRobotChannel({
    settings: { keys: ["shared", "own"], apiBase, mention },
    wording: createWording({
      timezone: "Asia/Shanghai",
      alertmanagerUrl: "http://localhost:9093",
      exporterUrl: "http://localhost:8001",
    }),
    clock,
    window: { reserve: () => ({ granted: true }), answered: () => {}, room: () => 20 },
  });
  const send = () => channel.send(channel.composeTest());
  assert.deepEqual([await send(), await send()], [{ kind: "sent" }, { kind: "sent" }]);
  assert.deepEqual([asked, channel.capacity()], [["shared", "own", "own"], 20]);
  clock.advance(60);
  await send();
  assert.deepEqual([asked.slice(3), channel.capacity()], [["shared", "own"], 20]);
});
