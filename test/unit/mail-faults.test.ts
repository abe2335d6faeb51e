import assert from "node:assert/strict";
import type { AddressInfo, Socket } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { firing } from "./support/alerts.ts";
import { sample } from "./support/exporter.ts";
import { startRelay, type TestRelay } from "./support/relay.ts";
import { until } from "./support/until.ts";

const DOWN = firing("ServiceDown", { severity: "critical" });
const TEST = "【测试】监控告警邮件";
const SUBJECT = "【严重告警】ServiceDown 发生";
/** Milliseconds: the deadline of an attempt that a test waits for. */
const DEADLINE = 100;

/** What the mail server does wrong at the moment. */
interface Faults {
  /** Recipients that it refuses, and the code. */
  refused: Record<string, number>;
  /** Hangs up in the middle of the mail, or when it has all of it. */
  hangsUp: "within" | "after" | undefined;
  /** Takes the connection and says nothing. */
  isMute: boolean;
  /** Answers the whole mail with this code. */
  answer: number | undefined;
}

interface Story {
  relay: TestRelay;
  faults: Faults;
  /** What the server took. */
  mails: ParsedMail[];
  /** Tells of one alert, up to its first attempt. @returns the notification */
  tell(): ReturnType<typeof newest>;
  /** Lets time pass, and Alertmanager repeat the alert. @param seconds */
  pass(seconds: number): Promise<void>;
}

async function begin(t: TestContext, to: string, wrong: Partial<Faults>): Promise<Story> {
  const faults: Faults = { refused: {}, hangsUp: undefined, isMute: false, answer: undefined, ...wrong };
  const { url, mails } = await startServer(t, faults);
  const relay = await startRelay(t, {
    env: { SMTP_URL: url, EMAIL_FROM: "monitor@example.com", EMAIL_TO: to },
  });
  return {
    relay,
    faults,
    mails,
    async tell() {
      assert.equal((await relay.tell(DOWN)).status, 200);
      await until("the first attempt", async () => (await newest(relay)).attempts === 1);
      return newest(relay);
    },
    async pass(seconds) {
      relay.clock.advance(seconds);
      assert.equal((await relay.tell(DOWN)).status, 200);
    },
  };
}

/** A mail server on loopback, with faults that come and go. */
async function startServer(t: TestContext, faults: Faults) {
  const mails: ParsedMail[] = [];
  const sockets = new Set<Socket>();
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  const code = (responseCode: number) => Object.assign(new Error("no"), { responseCode });
  const options: SMTPServerOptions = {
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onConnect(_session, done) {
      if (!faults.isMute) done();
    },
    onRcptTo({ address }, _session, done) {
      const refusal = faults.refused[address];
      done(refusal === undefined ? null : code(refusal));
    },
    onData(stream, _session, done) {
      if (faults.hangsUp === "within") return void stream.once("data", hangUp);
      if (faults.hangsUp === "after") return void stream.resume().once("end", hangUp);
      const { answer } = faults;
      if (answer !== undefined) return void stream.resume().once("end", () => done(code(answer)));
      simpleParser(stream).then((mail) => {
        mails.push(mail);
        done();
      }, done);
    },
  };
  const server = new SMTPServer(options);
  server.on("error", () => {});
  server.server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    hangUp();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, mails };
}

/** The only notification. */
async function newest(relay: TestRelay) {
  const [notification, ...others] = await relay.notifications("channel=email");
  assert.deepEqual(others, []);
  assert.ok(notification);
  const { state, attempts, reason, detail } = notification;
  return { state, attempts, reason, detail };
}

/** Sent, retried, failed for good, and those of the latter by receiver. */
async function counts(relay: TestRelay) {
  const scrape = await relay.text("/metrics");
  const outcomes = ["sent", "retried", "failed"].map((outcome) =>
    sample(scrape, `relay_notifications_total{channel="email",outcome="${outcome}"}`),
  );
  const receiver = 'relay_notifications_failed_total{channel="email",reason="receiver"}';
  return [...outcomes, sample(scrape, receiver), sample(scrape, 'relay_channel_failing{channel="email"}')];
}

const subjects = (mails: ParsedMail[]) => mails.map(({ subject }) => subject);

suite("a mail server that refuses", () => {
  test("one recipient: sent to the others, the history names the one, and the metrics count it", async (t) => {
    const to = "ops@example.com, gone@example.com";
    const { relay, mails, tell, pass } = await begin(t, to, { refused: { "gone@example.com": 550 } });
    assert.deepEqual(await tell(), {
      state: "sent",
      attempts: 1,
      reason: "receiver",
      detail: "邮件服务器不接受收件人 gone@example.com（550）",
    });
    assert.deepEqual(await counts(relay), [1, 0, 0, 1, 1]);
    await pass(60);
    await relay.settled();
    assert.deepEqual(subjects(mails), [SUBJECT]);
  });

  test("every recipient: failed for good by receiver, and not tried again", async (t) => {
    const refused = { "gone@example.com": 550, "left@example.com": 553 };
    const { relay, faults, mails, tell } = await begin(t, Object.keys(refused).join(), { refused });
    const { state, attempts, reason } = await tell();
    assert.deepEqual([state, attempts, reason], ["failed", 1, "receiver"]);
    assert.deepEqual(await counts(relay), [0, 0, 1, 1, 1]);

    // Set right, the next webhook tells it.
    faults.refused = {};
    relay.clock.advance(60);
    await relay.tell(firing("Another"));
    await relay.settled();
    assert.deepEqual(subjects(mails), ["【警告】Another 发生"]);
    assert.deepEqual(await counts(relay), [1, 0, 1, 1, 0]);
  });
});

/** Each fault that passes: what the server does, and the reason that is noted. */
const PASSING: Record<string, [wrong: Partial<Faults>, reason: string]> = {
  "hangs up in the middle of the mail": [{ hangsUp: "within" }, "network"],
  "hangs up instead of an answer": [{ hangsUp: "after" }, "network"],
  "never greets": [{ isMute: true }, "timeout"],
  "refuses the recipient for the moment": [{ refused: { "ops@example.com": 450 } }, "busy"],
  "refuses the mail for the moment": [{ answer: 452 }, "busy"],
};

suite("a mail server that heals", () => {
  for (const [what, [wrong, noted]] of Object.entries(PASSING)) {
    test(`${what}: tried again when it is time, and told once`, async (t) => {
      const { timeout } = AbortSignal;
      const isMute = wrong.isMute === true;
      const deadline = t.mock.method(AbortSignal, "timeout", (milliseconds: number) =>
        timeout.call(AbortSignal, isMute ? DEADLINE : milliseconds),
      );
      const { relay, faults, mails, tell, pass } = await begin(t, "ops@example.com", wrong);
      const { state, attempts, reason } = await tell();
      assert.deepEqual([state, attempts, reason], ["pending", 1, noted]);
      deadline.mock.restore();
      Object.assign(faults, { refused: {}, hangsUp: undefined, isMute: false, answer: undefined });

      await pass(0.999);
      // Takes as long as an attempt that would come too soon.
      await relay.post("/api/test", "");
      assert.deepEqual(subjects(mails), [TEST]);
      assert.equal((await newest(relay)).attempts, 1);
      await pass(0.001);
      await relay.settled();
      assert.deepEqual(await newest(relay), { state: "sent", attempts: 2, reason: null, detail: null });
      await pass(60);
      await relay.settled();
      assert.deepEqual(subjects(mails), [TEST, SUBJECT]);
      assert.deepEqual(await counts(relay), [1, 1, 0, 0, 0]);
    });
  }
});
