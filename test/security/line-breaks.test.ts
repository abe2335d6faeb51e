import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../helpers/eventually.ts";
import { startMailServer } from "../helpers/smtp-server.ts";
import { firing, webhook } from "../unit/support/alerts.ts";
import { ask } from "./support/ask.ts";
import { SERVICES, startService } from "./support/services.ts";

const HEADERS = "Bcc: thief@example.com\r\nX-Evil: yes\r\n\r\nanother body";
const BREAKS = ["\r\n", "\n", "\r", "\u2028", "\u0085", "\0"];

test("no label or annotation gets into the head of a mail, or makes another mail of it", async (t) => {
  const mail = await startMailServer();
  t.after(() => mail.close());
  const { url } = await startService(t, "relay", {
    SMTP_URL: mail.url,
    EMAIL_FROM: "monitor@example.com",
    EMAIL_TO: "ops@example.com",
  });
  const alerts = BREAKS.map((lineBreak, index) => {
    const evil = `磁盘${lineBreak}${HEADERS}`;
    const alert = firing(`Evil${index}${lineBreak}${HEADERS}`, {
      service: evil,
      instance: evil,
      [evil]: evil,
    });
    return {
      ...alert,
      annotations: { summary: evil, description: evil, runbook_url: evil, dashboard_url: evil },
    };
  });
  for (const alert of alerts) {
    const answer = await ask(url, { method: "POST", path: "/alerts", body: JSON.stringify(webhook(alert)) });
    assert.equal(answer.status, 200, answer.body);
  }
  await eventually("every mail", () => mail.mails.length === alerts.length);
  for (const { headers, to, subject = "", headerLines } of mail.mails) {
    assert.equal(headers.has("x-evil") || headers.has("bcc"), false);
    assert.deepEqual(
      [to].flat().map((address) => address?.text),
      ["ops@example.com"],
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    assert.doesNotMatch(subject, /[\u0000-\u001f]/);
    for (const { line } of headerLines) assert.doesNotMatch(line.replaceAll(/\r\n[ \t]/g, ""), /[\r\n]/);
  }
});

for (const name of SERVICES) {
  test(`nothing that is asked gets into the head of the ${name}'s answer`, async (t) => {
    const { url } = await startService(t, name);
    for (const door of ["/runbooks/", "/api/alerts?limit=", "/", "/api/notifications?channel="]) {
      const path = `${door}%0d%0aX-Evil:%20yes%0d%0a%0d%0a<script>`.replace("<script>", "%3Cscript%3E");
      const { headers, body } = await ask(url, { path });
      assert.equal(headers["x-evil"], undefined, path);
      if (`${headers["content-type"]}`.startsWith("text/html")) assert.ok(!body.includes("<script>"), path);
    }
  });
}
