import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Alert } from "../../alertmanager/relay/alert.ts";
import * as mailDigest from "../../alertmanager/relay/channels/email/digest.ts";
import * as mail from "../../alertmanager/relay/channels/email/render.ts";
import { renderDigest } from "../../alertmanager/relay/channels/wecom-digest.ts";
import { createWording } from "../../alertmanager/relay/wording.ts";

const WORDING = createWording({
  timezone: "Asia/Shanghai",
  alertmanagerUrl: "http://localhost:9093",
  exporterUrl: "http://localhost:8001",
});
const START = Date.parse("2026-02-12T13:46:44Z");

/** Any Unicode, signs of every markup, line breaks of every kind; whole characters, as webhook.ts makes them. */
const text = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: "grapheme", maxLength: 100 }),
    fc
      .array(
        fc.constantFrom(
          "<@all>",
          "</font>",
          "**",
          "](",
          "\n> ",
          "\r\nBcc: ",
          "\u2028",
          "\u202e",
          "\ud800",
          "另有 1 条",
          "😀",
        ),
      )
      .map((parts) => parts.join("")),
    fc.integer({ min: 0, max: 9000 }).map((length) => "律".repeat(length)),
  )
  .map((any) => any.toWellFormed());

const alert: fc.Arbitrary<Alert> = fc
  .record({
    status: fc.constantFrom("firing" as const, "resolved" as const),
    severity: fc.constantFrom("critical", "warning", "info", "", "else"),
    alertname: text,
    instance: text,
    summary: text,
    lasts: fc.integer({ min: -10, max: 10 ** 9 }),
  })
  .map(({ status, severity, alertname, instance, summary, lasts }) => ({
    fingerprint: "a",
    status,
    labels: { alertname, instance, severity },
    annotations: { summary },
    startsAt: START,
    endsAt: status === "resolved" ? START + lasts : undefined,
    generatorUrl: "",
  }));

const alerts = fc.array(alert, { minLength: 1, maxLength: 60 });
const RUNS = { numRuns: 200 };

test("a digest of any texts is well-formed, within the limit, and names or counts every alert", () => {
  fc.assert(
    fc.property(alerts, fc.boolean(), fc.constantFrom(2048, 4096), (all, countsRest, limit) => {
      const { content, covers } = renderDigest({ alerts: all, countsRest }, WORDING, limit);
      assert.ok(content.isWellFormed());
      assert.ok(Buffer.byteLength(content) <= limit, `${Buffer.byteLength(content)} bytes`);
      assert.doesNotMatch(content, /<@|[\u2028\u202e\r]/);
      assert.equal(content.match(/<font /g)?.length, content.match(/<\/font>/g)?.length);
      const lines = content.split("\n");
      assert.equal(lines.filter((line) => line.startsWith("> ")).length, covers);
      const told = [...content.matchAll(/^(?:另有|还有).* (\d+) 条/gm)].map(([, count]) => Number(count));
      assert.equal(covers + told.reduce((sum, count) => sum + count, 0), all.length);
    }),
    RUNS,
  );
});

test("a mail of any texts has one line of subject, and no text becomes markup", () => {
  fc.assert(
    fc.property(alerts, (all) => {
      const contents = [
        mail.renderAlerts(all, WORDING).content,
        mailDigest.renderDigest({ alerts: all, countsRest: true }, WORDING).content,
      ];
      for (const { subject, text: body, html } of contents) {
        for (const part of [subject, body, html]) assert.ok(part.isWellFormed());
        assert.doesNotMatch(subject, /[\p{Cc}\u2028\u2029]/u);
        assert.doesNotMatch(body, /^Bcc:/m);
        assert.doesNotMatch(html, /<(?!\/?(?:!doctype|html|meta|body|div|h2|h3|span|table|tr|td|p|a)\b)/);
      }
    }),
    RUNS,
  );
});
