import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { alert, NOW, notification, overview } from "./support/overview.ts";
import { text } from "./support/page.ts";

suite("how an alert was told", () => {
  const failed = { state: "failed", reason: "setup", detail: "errcode 93000" };
  for (const [what, told, expected] of [
    ["sent", { notifications: [notification()] }, "企业微信群机器人：21:38 已通知告警"],
    [
      "told by name in no message",
      { notifications: [notification({ detail: "只计入数目，没有逐条列出" })] },
      "企业微信群机器人：21:38 已通知告警（只计入数目，没有逐条列出）",
    ],
    [
      "not to all",
      { notifications: [notification({ reason: "receiver", detail: "lisi" })] },
      "企业微信群机器人：21:38 已通知告警，但有收件人不存在或收不到（lisi）",
    ],
    [
      "refused",
      { notifications: [notification({ ...failed, channel: "email" })] },
      "邮件：告警没有送达：密钥、账号或密码不对，或者机器人被移出了群（errcode 93000）",
    ],
    [
      "queued",
      { notifications: [notification({ state: "pending", finishedAt: null })] },
      "企业微信群机器人：告警在排队",
    ],
    [
      "only logged",
      { notifications: [notification({ channel: "log" })] },
      "日志：21:38 只写进了日志，没有人收到告警",
    ],
    ["unknown", { notifications: undefined }, "通知情况未知：告警转发没有应答"],
    ["silenced", { muted: "silence" }, "没有通知：已静默"],
    ["inhibited", { muted: "inhibition" }, "没有通知：有更严重的告警在说同一件事"],
  ] as const) {
    test(what, () => {
      const firing = [alert("HighCpuUsage", "warning", told as never)];
      assert.ok(
        text(overview({ alerts: { ...overview().alerts, firing } })).includes(`\n${expected}\n`),
        expected,
      );
    });
  }

  test("its begin and its end, the last of each", () => {
    const over = [
      notification({ finishedAt: NOW - 3600_000 }),
      notification({ finishedAt: NOW - 1800_000 }),
      notification({ status: "resolved", finishedAt: NOW - 60_000 }),
    ];
    const recent = [alert("HighCpuUsage", "warning", { endsAt: NOW - 70_000, notifications: over })];
    const shown = text(overview({ alerts: { ...overview().alerts, recent } }));
    assert.match(
      shown,
      /已恢复\nHighCpuUsage 发生\n21:36 至 21:45，持续 8 分 50 秒\n企业微信群机器人：21:16 已通知告警；21:45 已通知恢复/,
    );
  });
});
