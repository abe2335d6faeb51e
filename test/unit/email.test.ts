import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { Channel, Outcome } from "../../alertmanager/relay/channels/channel.ts";
import { emailChannel } from "../../alertmanager/relay/channels/email/channel.ts";
import { createWording } from "../../alertmanager/relay/wording.ts";
import { startMailServer } from "../helpers/smtp-server.ts";
import { fakeClock } from "./support/clock.ts";

const channel = (smtpUrl: string, to = "ops@example.com"): Channel => {
  const wording = createWording({
    timezone: "Asia/Shanghai",
    alertmanagerUrl: "http://localhost:9093",
    exporterUrl: "http://localhost:8001",
  });
  const settings = { smtpUrl, from: "monitor@example.com", to };
  return emailChannel({ settings, wording, clock: fakeClock() }) as Channel;
};

/** A mail server on loopback that behaves as told. */
async function startServer(t: TestContext, options: SMTPServerOptions): Promise<string> {
  const server = new SMTPServer({ authOptional: true, disabledCommands: ["STARTTLS"], ...options });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  return `smtp://user:hunter2@127.0.0.1:${port}`;
}

/** Answers the server's step with an SMTP code. */
const answer = (responseCode: number) => Object.assign(new Error("no"), { responseCode });
const sendTest = async (url: string, to?: string): Promise<Outcome> => {
  const made = channel(url, to);
  return made.send(made.composeTest());
};

test("a mail arrives as text and HTML, at everybody it is for", async (t) => {
  const server = await startMailServer();
  t.after(() => server.close());
  assert.deepEqual(await sendTest(server.url, "ops@example.com, boss@example.com"), { kind: "sent" });
  const [mail] = server.mails;
  assert.equal(mail?.subject, "【测试】监控告警邮件");
  assert.equal(mail?.from?.text, "monitor@example.com");
  assert.match(mail?.text ?? "", /2026-02-12 21:46:44/);
  assert.match(mail?.html || "", /2026-02-12 21:46:44/);
  assert.deepEqual([mail?.to].flat()[0]?.text, "ops@example.com, boss@example.com");
});

test("nobody listens: tried again", async () => {
  const outcome = await sendTest("smtp://127.0.0.1:1");
  assert.deepEqual([outcome.kind, "reason" in outcome && outcome.reason], ["retry", "network"]);
});

test("a wrong password is final, and not shown", async (t) => {
  const url = await startServer(t, { onAuth: (_auth, _session, done) => done(answer(535)) });
  const outcome = await sendTest(url);
  assert.equal(outcome.kind === "failed" && outcome.reason, "setup");
  assert.doesNotMatch(JSON.stringify(outcome), /hunter2/);
});

for (const [code, kind, reason] of [
  [451, "retry", "busy"],
  [550, "failed", "receiver"],
] as const) {
  test(`a recipient refused with ${code}: ${kind}, ${reason}`, async (t) => {
    const url = await startServer(t, {
      onAuth: (_auth, _session, done) => done(null, { user: "user" }),
      onRcptTo: (_address, _session, done) => done(answer(code)),
    });
    const outcome = await sendTest(url);
    assert.deepEqual([outcome.kind, "reason" in outcome && outcome.reason], [kind, reason]);
  });
}

test("a mail refused by its content is final", async (t) => {
  const url = await startServer(t, {
    onAuth: (_auth, _session, done) => done(null, { user: "user" }),
    onData(stream, _session, done) {
      stream.resume().once("end", () => done(answer(554)));
    },
  });
  const outcome = await sendTest(url);
  assert.deepEqual([outcome.kind, "reason" in outcome && outcome.reason], ["failed", "content"]);
});

test("one recipient of two refused is not simply sent", async (t) => {
  const url = await startServer(t, {
    onAuth: (_auth, _session, done) => done(null, { user: "user" }),
    onRcptTo: ({ address }, _session, done) => done(address.startsWith("gone") ? answer(550) : null),
  });
  assert.notDeepEqual(await sendTest(url, "ops@example.com, gone@example.com"), { kind: "sent" });
});
