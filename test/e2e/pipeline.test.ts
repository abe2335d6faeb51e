import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { eventually } from "../helpers/eventually.ts";
import { type MailServer, startMailServer } from "../helpers/smtp-server.ts";
import type { TestStack } from "../helpers/stack.ts";
import { type Story, startStory } from "../helpers/story.ts";
import { startWecomServer, type WecomServer } from "../helpers/wecom-server.ts";

// docs/architecture.md says who notices the death of each part; here each one dies.

/** How much faster time passes. */
const FACTOR = 20;
/** Milliseconds in which people have to hear of it: five minutes, and what a busy machine takes, which is not 20 times less. */
const IN_TIME = (5 * 60_000) / FACTOR + 3000;

let story: Story;
let wecom: WecomServer;
let mail: MailServer;
let stack: TestStack;
/** While collecting is stopped there is none. */
let stopped = false;

before(async () => {
  mail = await startMailServer();
  story = await startStory(
    { SMTP_URL: mail.url, EMAIL_FROM: "monitoring@example.com", EMAIL_TO: "operator@example.com" },
    // Always above, so that there is an alert whose end can be told falsely.
    (text) => text.replace("alert_threshold_memory = 100", "alert_threshold_memory = 1"),
    FACTOR,
  );
  ({ stack, wecom } = story);
  await toldBy("wecom", /内存使用率过高/);
  await toldBy("mail", /内存使用率过高/);
});

after(async () => {
  await story.end();
  await mail.close();
});

beforeEach(async () => {
  // After a story that failed half way, too.
  await stack.up();
  await eventually("the alert whose end can be told falsely", async () => {
    const query = new URLSearchParams({ query: 'ALERTS{alertname="HighMemoryUsage", alertstate="firing"}' });
    const answer = await (await fetch(`${stack.urls.prometheus}/api/v1/query?${query}`)).json();
    return (answer as { data: { result: object[] } }).data.result.length > 0 || stopped;
  });
  forget();
});

test("the exporter dies: Prometheus notices, and nothing is told as over that nobody can see", async () => {
  const [died] = [Date.now(), await stack.kill("exporter")];
  await toldBy("wecom", /^🔴.*采集程序没有应答/, died);
  await toldBy("mail", /^【严重告警】采集程序没有应答/, died);
  await stack.up();
  await toldBy("wecom", /^✅.*采集程序没有应答/);
  assert.deepEqual(about(/内存使用率过高/), []);
});

test("the relay dies: Alertmanager mails it, with what else is firing", async () => {
  const [died] = [Date.now(), await stack.kill("relay")];
  const told = await toldBy("mail", /^【严重告警】告警转发没有应答/, died);
  assert.match(told, /企业微信和邮件都收不到别的告警。.*现在还有这些告警：.*HighMemoryUsage/);
  assert.match(told, /处理手册：http:\/\/localhost:\d+\/runbooks\/RelayDown/);
  await stack.up();
  await toldBy("mail", /^【已恢复（严重告警）】告警转发没有应答/);
  // The group hears of it as well, once it can.
  await toldBy("wecom", /✅.*告警转发没有应答/);
  assert.deepEqual(about(/交不出/), []);
});

test("Prometheus dies: the relay misses the heartbeat, and doubts what Alertmanager gives up", async () => {
  const [died] = [Date.now(), await stack.kill("prometheus")];
  await toldBy("wecom", /^🔴.*监控系统失去心跳/, died);
  await toldBy("mail", /^【严重告警】监控系统失去心跳/, died);
  await toldBy("wecom", /^❔.*可能已恢复（警告）.*内存使用率过高/);
  assert.deepEqual(about(/^(✅|【已恢复).*内存使用率过高/), []);
  await stack.up();
  await toldBy("wecom", /^✅.*监控系统失去心跳/);
});

test("Alertmanager dies: the relay misses the heartbeat", async () => {
  const [died] = [Date.now(), await stack.kill("alertmanager")];
  await toldBy("wecom", /^🔴.*监控系统失去心跳/, died);
  await toldBy("mail", /^【严重告警】监控系统失去心跳/, died);
  await stack.up();
  await toldBy("wecom", /^✅.*监控系统失去心跳/);
});

test("WeCom cannot be reached: the backlog is told by mail, and all of it by WeCom later", async () => {
  const { port } = new URL(wecom.url);
  await wecom.close();
  await stopMonitoring();
  await toldBy("mail", /^【严重告警】通知积压：企业微信/, await refusedBy("wecom"));
  wecom = await startWecomServer(wecom.keys, Number(port));
  story.wecom = wecom;
  await toldBy("wecom", /主机和服务的监控已停止/);
  await toldBy("mail", /^【已恢复（严重告警）】通知积压：企业微信/);
});

test("the mail server cannot be reached: the backlog is told by WeCom, and all of it by mail later", async () => {
  const { port } = new URL(mail.url);
  await mail.close();
  await startMonitoring();
  await toldBy("wecom", /^🔴.*通知积压：邮件/, await refusedBy("email"));
  mail = await startMailServer({ port: Number(port) });
  await toldBy("mail", /主机和服务的监控已停止/);
  await toldBy("wecom", /^✅.*通知积压：邮件/);
});

test("the relay lives but refuses what Alertmanager hands over: Alertmanager mails it", async () => {
  const file = join(stack.folder, ".stack/secrets/relay_token");
  const [token, refused] = [readFileSync(file, "utf8"), Date.now()];
  writeFileSync(file, "another");
  const told = await toldBy("mail", /^【严重告警】Alertmanager 的通知交不出去（webhook）/, refused);
  assert.match(told, /处理手册：http:\/\/localhost:\d+\/runbooks\/NotificationsFailing/);
  writeFileSync(file, token);
  await toldBy("mail", /^【已恢复（严重告警）】Alertmanager 的通知交不出去/);
});

test("WeCom refuses for good: that is told by mail", async () => {
  wecom.keys.length = 0;
  await stopMonitoring();
  await eventually("a refusal", () => wecom.refusals.length > 0);
  const told = await toldBy("mail", /^【严重告警】有通知没有送达：企业微信/, Date.now());
  assert.match(told, /原因：密钥或账号不对/);
});

/** Waits for a message that matches. @param since when people had to begin to hear of it within five minutes */
async function toldBy(channel: "wecom" | "mail", words: RegExp, since?: number): Promise<string> {
  const texts = channel === "wecom" ? wecomTexts : mailTexts;
  const told = await eventually(`${words} by ${channel}`, () => texts().find((text) => words.test(text)));
  if (since !== undefined) assert.ok(Date.now() - since <= IN_TIME, `${Date.now() - since} ms: ${words}`);
  return told;
}

/** When a channel first could not tell what there was to tell: before that nobody can know. */
async function refusedBy(channel: "wecom" | "email"): Promise<number> {
  const { createdAt } = await eventually(`something waits for ${channel}`, async () => {
    const url = `${stack.urls.relay}/api/notifications?channel=${channel}&state=pending`;
    const { notifications } = (await (await fetch(url)).json()) as { notifications: { createdAt: string }[] };
    return notifications.at(-1);
  });
  return Date.parse(createdAt);
}

function about(words: RegExp): string[] {
  return [...wecomTexts(), ...mailTexts()].filter((text) => words.test(text));
}

const wecomTexts = () => wecom.messages.flatMap(({ content }) => content.split("\n\n"));
const mailTexts = () => mail.mails.map(({ subject, text }) => `${subject}\n${text}`);

function forget(): void {
  wecom.messages.length = 0;
  mail.mails.length = 0;
}

const stopMonitoring = () => control("stop");
const startMonitoring = () => control("start");

async function control(action: "start" | "stop"): Promise<void> {
  const response = await fetch(`${stack.urls.exporter}/api/monitoring/${action}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${stack.env().EXPORTER_TOKEN}` },
  });
  assert.equal(response.status, 200);
  stopped = action === "stop";
}
