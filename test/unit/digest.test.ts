import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Alert } from "../../alertmanager/relay/alert.ts";
import type { Digest } from "../../alertmanager/relay/channels/channel.ts";
import * as mail from "../../alertmanager/relay/channels/email/digest.ts";
import { renderDigest } from "../../alertmanager/relay/channels/wecom-digest.ts";
import { createWording } from "../../alertmanager/relay/wording.ts";
import { matchGolden } from "./support/golden.ts";

const WORDING = createWording({
  timezone: "Asia/Shanghai",
  alertmanagerUrl: "https://monitoring.example.com/alertmanager",
  exporterUrl: "https://monitoring.example.com",
});
const START = Date.parse("2026-02-12T13:46:44Z");
const LIMIT = 4096;

function alertOf(alertname: string, labels: Record<string, string>, changes: Partial<Alert> = {}): Alert {
  return {
    fingerprint: alertname,
    status: "firing",
    labels: { alertname, instance: "10.0.0.1:8001", ...labels },
    annotations: { summary: `${alertname} 发生` },
    startsAt: START,
    endsAt: undefined,
    generatorUrl: "",
    ...changes,
  };
}

const down = alertOf(
  "ServiceDown",
  { severity: "critical" },
  { annotations: { summary: "服务 官网 无法访问" } },
);
const ended: Partial<Alert> = { status: "resolved", endsAt: START + 330_000 };
const some: Digest = {
  alerts: [
    down,
    { ...down, ...ended, annotations: { summary: "服务 <案件> 无法访问" } },
    alertOf("HighCpuUsage", { severity: "warning" }),
    alertOf("HighDiskUsage", { severity: "warning" }, ended),
  ],
  countsRest: false,
};

/** Many of two kinds, critical ones first. */
function storm(critical: number, warnings: number): Alert[] {
  return [
    ...Array.from({ length: critical }, (_, index) =>
      alertOf("ServiceDown", { severity: "critical", service: `s${index}` }),
    ),
    ...Array.from({ length: warnings }, () => alertOf("HighCpuUsage", { severity: "warning" })),
  ];
}

suite("a line for each, under its severity and status", () => {
  test("as WeCom markdown", () => {
    const { content, covers } = renderDigest(some, WORDING, LIMIT);
    assert.equal(covers, 4);
    matchGolden("messages/wecom-digest.md", `${content}\n`);
  });

  test("as mail", () => {
    const { content, covers } = mail.renderDigest(some, WORDING);
    assert.equal(covers, 4);
    matchGolden("messages/email-digest.txt", `Subject: ${content.subject}\n\n${content.text}\n`);
    matchGolden("messages/email-digest.html", content.html);
  });
});

suite("more than a message bears", () => {
  test("what follows is announced", () => {
    const { content, covers } = renderDigest({ alerts: storm(0, 200), countsRest: false }, WORDING, LIMIT);
    assert.ok(covers > 20 && covers < 200, `${covers}`);
    assert.match(content, new RegExp(`\\n还有 ${200 - covers} 条，见随后的消息\\n`));
  });

  test("the last message of the minute counts the rest, but for what is critical", () => {
    const { content, covers } = renderDigest({ alerts: storm(100, 200), countsRest: true }, WORDING, LIMIT);
    assert.ok(covers < 100, `${covers}`);
    assert.match(content, /\n另有 警告 HighCpuUsage 200 条\n/);
    assert.match(content, new RegExp(`\\n还有 ${100 - covers} 条严重的，随后逐条通知\\n`));
  });

  test("the commonest kinds are counted each, the others together", () => {
    const alerts = Array.from({ length: 400 }, (_, index) =>
      alertOf(`Kind${index % 40}`, { severity: "warning" }),
    );
    const { content, covers } = renderDigest({ alerts, countsRest: true }, WORDING, LIMIT);
    const counted = [...content.matchAll(/^另有.* (\d+) 条$/gm)].map(([, count]) => Number(count));
    assert.equal(counted.length, 9);
    assert.equal(covers + counted.reduce((sum, count) => sum + count, 0), 400);
    assert.ok(Buffer.byteLength(content) <= LIMIT);
  });

  test("all that fits is named, though no room is left for numbers", () => {
    let most = 1;
    while (renderDigest({ alerts: storm(0, most + 1), countsRest: true }, WORDING, LIMIT).covers === most + 1)
      most += 1;
    const { content } = renderDigest({ alerts: storm(0, most), countsRest: true }, WORDING, LIMIT);
    assert.ok(Buffer.byteLength(content) > LIMIT - 100, "it is full");
    assert.doesNotMatch(content, /另有/);
  });
});
