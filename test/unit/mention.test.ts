import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Alert } from "../../alertmanager/relay/alert.ts";
import { wecomRobotChannel } from "../../alertmanager/relay/channels/wecom-robot/channel.ts";
import { readWecomRobotSettings } from "../../alertmanager/relay/channels/wecom-robot/settings.ts";
import type { Window } from "../../alertmanager/relay/outbox/window.ts";
import { parseWebhook } from "../../alertmanager/relay/webhook.ts";
import { createWording } from "../../alertmanager/relay/wording.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { listen } from "./support/server.ts";

const critical = firing("ServiceDown", { severity: "critical" });
const warning = firing("HighCpuUsage");
const unlimited: Window = { reserve: () => ({ granted: true }), answered: () => {}, room: () => 20 };

/** What WeCom gets for these alerts. */
async function posted(
  t: TestContext,
  mention: string,
  alerts: (typeof critical)[],
  window = unlimited,
  undelivered?: string,
): Promise<{ msgtype: string; markdown?: { content: string }; text?: object }[]> {
  const bodies: string[] = [];
  const url = await listen(t, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString());
    response.end('{"errcode":0,"errmsg":"ok"}');
  });
  const settings = readWecomRobotSettings({
    WECOM_ROBOT_KEY: "k",
    WECOM_API_BASE: url,
    WECOM_MENTION: mention,
  });
  assert.ok(settings);
  const wording = createWording({
    timezone: "Asia/Shanghai",
    alertmanagerUrl: "http://a",
    exporterUrl: "http://e",
  });
  const channel = wecomRobotChannel({ settings, wording, clock: fakeClock(), window });
  const parsed: Alert[] = parseWebhook(webhook(...alerts));
  const outcome = await channel.send(channel.compose(parsed).content);
  assert.deepEqual(outcome, undelivered === undefined ? { kind: "sent" } : { kind: "sent", undelivered });
  return bodies.map((body) => JSON.parse(body));
}

test("users are called in the message itself", async (t) => {
  const [message, ...others] = await posted(t, "zhangsan,li.si", [warning, critical]);
  assert.match(message?.markdown?.content ?? "", /\n<@zhangsan><@li\.si>$/);
  assert.deepEqual(others, []);
});

test("everybody, and telephone numbers, by a text beside it", async (t) => {
  const [message, call] = await posted(t, "@all,13800000000", [critical]);
  assert.equal(message?.msgtype, "markdown");
  assert.deepEqual(call, {
    msgtype: "text",
    text: {
      content: "有严重告警，请看上一条消息。",
      mentioned_list: ["@all"],
      mentioned_mobile_list: ["13800000000"],
    },
  });
});

test("nobody for a warning, or for an end", async (t) => {
  const messages = await posted(t, "zhangsan,@all", [warning, resolved(critical)]);
  assert.equal(messages.length, 1);
  assert.doesNotMatch(messages[0]?.markdown?.content ?? "", /<@/);
});

test("without room for a second message the first is told all the same", async (t) => {
  const grants = [true];
  const window: Window = {
    reserve: () => (grants.shift() ? { granted: true } : { granted: false, until: 1 }),
    answered: () => {},
    room: () => 1,
  };
  const uncalled = "没有 @ 到人：这一分钟的条数用完了";
  assert.equal((await posted(t, "@all", [critical], window, uncalled)).length, 1);
});
