import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accelerate } from "../helpers/accelerate.ts";
import { eventually } from "../helpers/eventually.ts";
import { createTestStack, type TestStack } from "../helpers/stack.ts";
import { startWecomServer, type WecomServer } from "../helpers/wecom-server.ts";

/** Rules and routes as committed, with their times thirty times shorter: 5 minutes are 10 seconds. */
const FACTOR = 30;
const FOR = 300 / FACTOR;

let wecom: WecomServer;
let stack: TestStack;

before(async () => {
  wecom = await startWecomServer(["robot-key-for-tests"]);
  stack = await createTestStack({ WECOM_ROBOT_KEY: "robot-key-for-tests", WECOM_API_BASE: wecom.url });
  accelerate(stack.folder, FACTOR);
  const { code, output } = await stack.up();
  assert.equal(code, 0, output);
});

after(async () => {
  await stack.remove();
  await wecom.close();
});

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
        "> 说明：采集程序 localhost:\\d+ 已连续 5 分钟没有采集主机和服务的数据：",
      ].join("\n"),
    ),
  );
  assert.match(firing?.content ?? "", /\/runbooks\/MonitoringStopped\)/);
  assert.ok((firing?.at ?? 0) - stopped >= FOR * 1000, "not before its five minutes");

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
