import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../helpers/eventually.ts";
import { type MailServer, startMailServer } from "../helpers/smtp-server.ts";
import type { TestStack } from "../helpers/stack.ts";
import { type Story, startStory } from "../helpers/story.ts";
import type { WecomServer } from "../helpers/wecom-server.ts";

let story: Story;
let wecom: WecomServer;
let mail: MailServer;
let stack: TestStack;

before(async () => {
  mail = await startMailServer();
  const settings = {
    SMTP_URL: mail.url,
    EMAIL_FROM: "monitoring@example.com",
    EMAIL_TO: "operator@example.com",
  };
  // The story posts more messages than a first day may have; its own alert is another story.
  story = await startStory(settings, (text) =>
    text.replace("alert_message_growth_floor = 20", "alert_message_growth_floor = 100000"),
  );
  ({ stack, wecom } = story);
});

after(async () => {
  await story.end();
  await mail.close();
});

test("half of the messages fail: each channel is told once, and once more when it is over", async () => {
  await eventually(
    "the counters at 0 in Prometheus",
    async () => (await query("wecom_messages_errors_total"))?.[1] === "0",
  );

  await eventually("the firing message", async () => {
    await post(["ok", "error"]);
    return wecom.messages.length > 0 && mail.mails.length > 0;
  });
  const [firing] = wecom.messages;
  assert.match(
    firing?.content ?? "",
    new RegExp(
      [
        '^🔴 <font color="warning">\\*\\*严重告警\\*\\*</font> \\*\\*消息处理错误率过高：\\d{2}(\\.\\d+)?%\\*\\*',
        "> 说明：最近 5 分钟的消息错误率已连续 1 分钟超过阈值 10%，当前为 \\d{2}(\\.\\d+)?%。",
        "> 实例：localhost:\\d+",
        "> 告警时间：\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}",
        "> \\[仪表盘\\]\\(http://localhost:\\d+/d/wecom-business\\?var-instance=localhost%3A\\d+\\)　\\[处理手册\\]\\(http://localhost:\\d+/runbooks/HighMessageErrorRate\\)　\\[静默\\]\\(http://localhost:\\d+/#/silences/new\\?filter=[^)]+\\)$",
      ].join("\n"),
    ),
  );
  const [mailed] = mail.mails;
  assert.match(mailed?.subject ?? "", /^【严重告警】消息处理错误率过高：\d{2}(\.\d+)?%$/);
  assert.match(mailed?.text ?? "", /阈值 10%/);
  assert.match(String(mailed?.html), /处理手册/);

  await eventually("the resolved message", async () => {
    await post(["ok", "ok"]);
    return wecom.messages.length > 1 && mail.mails.length > 1;
  });
  assert.match(
    wecom.messages[1]?.content ?? "",
    /^✅ <font color="info">\*\*已恢复（严重告警）\*\*<\/font> \*\*消息处理错误率过高/,
  );
  assert.match(wecom.messages[1]?.content ?? "", /> 持续时间：\d+ 秒/);
  assert.match(mail.mails[1]?.subject ?? "", /^【已恢复（严重告警）】/);

  // Nothing follows: two more rounds of the group.
  await sleep(5000);
  assert.equal(wecom.messages.length, 2);
  assert.equal(mail.mails.length, 2);
  assert.deepEqual(wecom.refusals, []);
});

test("the history knows how it was told, and the watchdog keeps coming", async () => {
  const { alerts } = (await getJson(`${stack.urls.exporter}/api/alerts`)) as {
    alerts: {
      status: string;
      labels: { alertname: string };
      notifications: { channel: string; status: string; state: string }[];
    }[];
  };
  assert.deepEqual(
    alerts.map(({ status, labels }) => [labels.alertname, status]),
    [["HighMessageErrorRate", "resolved"]],
  );
  assert.deepEqual(
    alerts[0]?.notifications.map(({ channel, status, state }) => [channel, status, state]).sort(),
    [
      ["email", "firing", "sent"],
      ["email", "resolved", "sent"],
      ["wecom", "firing", "sent"],
      ["wecom", "resolved", "sent"],
    ],
  );
  // What Prometheus sends before it has found Alertmanager is dropped, and sent again a minute later.
  const heard = async () => {
    const text = await (await fetch(`${stack.urls.relay}/metrics`)).text();
    return Number(/^relay_watchdog_age_seconds (\S+)$/m.exec(text)?.[1]) < 5;
  };
  await eventually("the watchdog", heard, 70);
});

async function post(outcomes: ("ok" | "error")[]): Promise<void> {
  const events = outcomes.map((outcome) => ({ type: "message", outcome, duration_seconds: 0.2 }));
  const response = await fetch(`${stack.urls.exporter}/events`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${stack.env().EXPORTER_TOKEN}` },
    body: JSON.stringify(events),
  });
  assert.equal(response.status, 202);
}

/** @returns [time, value] of the first series */
async function query(expression: string): Promise<[number, string] | undefined> {
  const url = `${stack.urls.prometheus}/api/v1/query?${new URLSearchParams({ query: expression })}`;
  const answer = (await getJson(url)) as { data: { result: { value: [number, string] }[] } };
  return answer.data.result[0]?.value;
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return response.json();
}
