import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { OWN } from "../../alertmanager/relay/alert.ts";
import * as email from "../../alertmanager/relay/channels/email/render.ts";
import { renderAlerts } from "../../alertmanager/relay/channels/wecom-markdown.ts";
import { parseWebhook } from "../../alertmanager/relay/webhook.ts";
import { createWording } from "../../alertmanager/relay/wording.ts";
import { duration } from "../../service/duration.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { matchGolden, readFixture } from "./support/golden.ts";

const WORDING = createWording({
  timezone: "Asia/Shanghai",
  alertmanagerUrl: "https://monitoring.example.com/alertmanager",
  exporterUrl: "https://monitoring.example.com",
});

for (const status of ["firing", "resolved"]) {
  suite(`${status}, from the webhook to the words`, () => {
    const alerts = parseWebhook(JSON.parse(readFixture(`webhook/${status}.json`)));

    test("as WeCom markdown", () => {
      const { content, covers } = renderAlerts(alerts, WORDING, 4096);
      assert.equal(covers, alerts.length);
      matchGolden(`messages/wecom-${status}.md`, `${content}\n`);
    });

    test("as mail", () => {
      const { content, covers } = email.renderAlerts(alerts, WORDING);
      assert.equal(covers, alerts.length);
      matchGolden(`messages/email-${status}.txt`, `Subject: ${content.subject}\n\n${content.text}\n`);
      matchGolden(`messages/email-${status}.html`, content.html);
    });
  });
}

test("a mail of several alerts is named by the first that fires, and counts them", () => {
  const ended = resolved(firing("Ended"));
  const subject = (...alerts: (typeof ended)[]) =>
    email.renderAlerts(parseWebhook(webhook(...alerts)), WORDING).content.subject;
  assert.equal(subject(ended, firing("Fires"), firing("Too")), "【警告】Fires 发生（共 3 条）");
  assert.equal(subject(ended), "【已恢复（警告）】Ended 发生");
});

test("a line break in a label makes neither a mail header nor a line of its own", () => {
  const alert = firing("A", { service: "a\r\nBcc: everybody@example.com" });
  alert.annotations.summary = "a\r\nBcc: everybody@example.com\u2028b";
  const { content } = email.renderAlerts(parseWebhook(webhook(alert)), WORDING);
  assert.doesNotMatch(content.subject, /[\r\n\u2028]/);
  assert.doesNotMatch(content.text, /^Bcc|\u2028/m);
});

test("a mail leaves out an address that no browser takes, and tells the rest of a flood in the next", () => {
  const [alert, plain] = [firing("A"), firing("B")];
  const dashboard_url = `https://example.com/${"b".repeat(7900)}`;
  alert.annotations = { dashboard_url, runbook_url: `https://example.com/${"a".repeat(9000)}` };
  const { content } = email.renderAlerts(parseWebhook(webhook(alert)), WORDING);
  assert.doesNotMatch(content.text + content.html, /aaa/);
  assert.match(content.text, /仪表盘：\S{7920}\n/);
  const flood = Array.from({ length: 100 }, () => alert);
  const told = email.renderAlerts(parseWebhook(webhook(...flood)), WORDING);
  assert.ok(told.covers > 50 && told.covers < 100, `${told.covers}`);
  assert.equal(email.renderAlerts(parseWebhook(webhook(plain)), WORDING).covers, 1);
});

test("whatever passes through Alertmanager can be silenced; what the relay says of itself cannot", () => {
  const [alert] = parseWebhook(webhook({ ...firing("BackupFailed"), generatorURL: "" }));
  assert.ok(alert);
  const names = (told: typeof alert) => WORDING.links(told).map(([name]) => name);
  assert.deepEqual(names(alert), ["静默"]);
  assert.deepEqual(names({ ...alert, fingerprint: `${OWN}watchdog-silent` }), []);
});

test("HTML in an alert stays text", () => {
  const alert = firing("A", { service: "<img src=x onerror=alert(1)>" });
  alert.annotations = {
    summary: "<script>alert(1)</script>",
    runbook_url: 'https://example.com/"><script>',
    dashboard_url: "javascript:alert(1)",
  };
  const { html } = email.renderAlerts(parseWebhook(webhook(alert)), WORDING).content;
  assert.doesNotMatch(html, /<script|<img|javascript:/);
  assert.match(html, /&#60;script&#62;alert\(1\)&#60;\/script&#62;/);
});

test("an unknown severity, a missing summary, or no labels that say where still make a message", () => {
  const alert = { ...firing("A", { severity: "page" }), annotations: {} };
  const [parsed] = parseWebhook(webhook(alert));
  assert.ok(parsed);
  assert.equal(`${WORDING.heading(parsed)} ${WORDING.title(parsed)}`, "告警 A");
  const bare = { ...parsed, labels: {} };
  assert.equal(WORDING.title(bare), "未命名的告警");
  assert.deepEqual(
    WORDING.facts(bare).map(([, fact]) => fact),
    ["2026-02-12 21:46:44"],
  );
});

test("a duration is told by its two largest units", () => {
  const second = 1000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  const told = [0, -5 * second, 59.4 * second, minute, minute + second, hour, 2 * hour + 5 * minute + second];
  assert.deepEqual([...told, day + 30 * second, 10 * day + 23 * hour].map(duration), [
    "0 秒",
    "0 秒",
    "59 秒",
    "1 分",
    "1 分 1 秒",
    "1 小时",
    "2 小时 5 分",
    "1 天",
    "10 天 23 小时",
  ]);
});

test("a label or annotation of megabytes is cut where it comes in, never inside a character", () => {
  const huge = firing("A");
  huge.annotations.description = `${"说".repeat(16_383)}🔥${"说".repeat(1_000_000)}`;
  const [alert] = parseWebhook(webhook(huge));
  assert.equal(alert?.annotations.description?.length, 16_384);
  assert.ok(alert?.annotations.description?.isWellFormed());
});
