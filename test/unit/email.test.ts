import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { Outcome } from "../../alertmanager/relay/channels/channel.ts";
import { emailChannel } from "../../alertmanager/relay/channels/email/channel.ts";
import { smtpOptions } from "../../alertmanager/relay/channels/email/smtp.ts";
import { parseWebhook } from "../../alertmanager/relay/webhook.ts";
import { startMailServer } from "../helpers/smtp-server.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { testWording } from "./support/wording.ts";

const channel = (smtpUrl: string, to = "ops@example.com") => {
  const settings = { smtpUrl, from: "monitor@example.com", to };
  return emailChannel({ settings, wording: testWording(), clock: fakeClock() });
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

const anybody: SMTPServerOptions = { onAuth: (_auth, _session, done) => done(null, { user: "user" }) };
const told = (outcome: Outcome) => [outcome.kind, "reason" in outcome && outcome.reason];

const REFUSALS: Record<string, [SMTPServerOptions, kind: string, reason: string]> = {
  "a wrong password": [{ onAuth: (_auth, _session, done) => done(answer(535)) }, "failed", "setup"],
  "a login that fails for the moment": [
    { onAuth: (_auth, _session, done) => done(answer(454)) },
    "retry",
    "busy",
  ],
  "a server that does not want to talk": [
    { onConnect: (_session, done) => done(answer(554)) },
    "retry",
    "server",
  ],
  "a recipient who is refused for the moment": [
    { ...anybody, onRcptTo: (_address, _session, done) => done(answer(451)) },
    "retry",
    "busy",
  ],
  "a recipient who is refused": [
    { ...anybody, onRcptTo: (_address, _session, done) => done(answer(550)) },
    "failed",
    "receiver",
  ],
  "a mail that is refused": [
    {
      ...anybody,
      onData: (stream, _session, done) => void stream.resume().once("end", () => done(answer(554))),
    },
    "failed",
    "content",
  ],
};

for (const [name, [options, kind, reason]] of Object.entries(REFUSALS)) {
  test(`${name}: ${kind}, ${reason}`, async (t) => {
    assert.deepEqual(told(await sendTest(await startServer(t, options))), [kind, reason]);
  });
}

test("a server that dies while it takes the mail: tried again", async (t) => {
  const server = createServer((socket) => {
    socket.write("220 ready\r\n");
    socket
      .on("error", () => {})
      .on("data", (line) => {
        if (line.toString().startsWith("DATA")) socket.end("354 go on\r\n", () => socket.destroy());
        else socket.write("250 OK\r\n");
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(told(await sendTest(`smtp://127.0.0.1:${port}`)), ["retry", "network"]);
});

/** Refuses by the recipient's name: later@ for the moment, gone@ for good. */
const choosy: SMTPServerOptions = {
  ...anybody,
  onRcptTo({ address }, _session, done) {
    done(address.startsWith("gone") ? answer(550) : address.startsWith("later") ? answer(451) : null);
  },
};

test("some recipients refused: sent, and they are named", async (t) => {
  const url = await startServer(t, choosy);
  assert.deepEqual(await sendTest(url, "ops@example.com, gone@example.com, later@example.com"), {
    kind: "sent",
    undelivered: "邮件服务器不接受收件人 gone@example.com（550）、later@example.com（451）",
  });
});

test("all refused, one of them only for the moment: tried again", async (t) => {
  const url = await startServer(t, choosy);
  assert.deepEqual(told(await sendTest(url, "later@example.com, gone@example.com")), ["retry", "busy"]);
  assert.deepEqual(told(await sendTest(url, "gone@example.com")), ["failed", "receiver"]);
});

test("the mails of one incident are one conversation, each with an id of its own", async (t) => {
  const server = await startMailServer();
  t.after(() => server.close());
  const [a, b] = [firing("A"), firing("B")];
  const again = { ...a, startsAt: "2026-02-13T00:00:00Z" };
  const made = channel(server.url);
  for (const alerts of [[a, b], [resolved(a)], [resolved(b)], [again]]) {
    await made.send(made.compose(parseWebhook(webhook(...alerts))).content);
  }
  const [both = [], endOfA, endOfB, next] = server.mails.map(({ references }) => [references ?? []].flat());
  assert.equal(both.length, 2);
  assert.deepEqual([endOfA, endOfB], [[both[0]], [both[1]]]);
  assert.ok(!both.includes(next?.[0] ?? ""));
  const own = server.mails.map(({ messageId }) => messageId);
  assert.equal(new Set([...own, ...both]).size, 6);
  assert.deepEqual(
    server.mails.map(({ inReplyTo }) => inReplyTo),
    [both.join(" "), both[0], both[1], next?.[0]],
  );
});

test("a password goes out encrypted or not at all, but to this machine", () => {
  const demanded = Object.entries({
    "smtp://ops:word@mail.example.com:587": true,
    "smtp://ops:word@10.0.0.5": true,
    "smtp://mail.example.com:25": false,
    "smtps://ops:word@mail.example.com:465": false,
    "smtp://ops:word@127.0.0.1:25": false,
    "smtp://ops:word@localhost:25": false,
    "smtp://ops:word@localhost.example.com:25": true,
  });
  for (const [url, requireTLS] of demanded) assert.deepEqual(smtpOptions(url), { url, requireTLS });
});
