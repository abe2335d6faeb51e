import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../helpers/eventually.ts";
import type { TestStack } from "../helpers/stack.ts";
import { FACTOR, type Story, startStory } from "../helpers/story.ts";
import type { WecomServer } from "../helpers/wecom-server.ts";

/** Seconds: the two minutes of the rule. */
const FOR = 120 / FACTOR;

let story: Story;
let wecom: WecomServer;
let stack: TestStack;

before(async () => {
  story = await startStory();
  ({ stack, wecom } = story);
});

after(() => story.end());

test("collecting is stopped: people are told that nobody watches, and told again once it goes on", async () => {
  const stopped = Date.now();
  assert.deepEqual(await control("stop"), { monitoring_enabled: false });
  await eventually("the firing message", () => wecom.messages.length > 0);
  const [firing] = wecom.messages;
  assert.match(
    firing?.content ?? "",
    new RegExp(
      [
        '^🔴 <font color="warning">\\*\\*警告\\*\\*</font> \\*\\*主机和服务的监控已停止\\*\\*',
        "> 说明：采集程序 localhost:\\d+ 已连续 2 分钟没有采集主机和服务的数据：",
      ].join("\n"),
    ),
  );
  assert.match(firing?.content ?? "", /\/runbooks\/MonitoringStopped\)/);
  assert.ok((firing?.at ?? 0) - stopped >= FOR * 1000, "not before its two minutes");

  assert.deepEqual(await control("start"), { monitoring_enabled: true });
  await eventually("the resolved message", () => wecom.messages.length > 1);
  assert.match(
    wecom.messages[1]?.content ?? "",
    /^✅ <font color="info">\*\*已恢复（警告）\*\*<\/font> \*\*主机和服务的监控已停止\*\*/,
  );
  assert.deepEqual([wecom.messages.length, wecom.refusals], [2, []]);
});

async function control(action: "start" | "stop"): Promise<unknown> {
  const response = await fetch(`${stack.urls.exporter}/api/monitoring/${action}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${stack.env().EXPORTER_TOKEN}` },
  });
  return response.json();
}
