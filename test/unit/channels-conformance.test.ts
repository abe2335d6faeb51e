import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { suite, type TestContext, test } from "node:test";
import fc from "fast-check";
import type { Outcome } from "../../alertmanager/relay/channels/channel.ts";
import { listChannels, readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { parseWebhook } from "../../alertmanager/relay/webhook.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { APPLICATION, LOG, MAIL, ROBOT, SECRETS, type Subject, withToken } from "./support/channels.ts";
import { fakeClock } from "./support/clock.ts";
import { recordingLogger } from "./support/logger.ts";
import { startRelay } from "./support/relay.ts";
import { listen } from "./support/server.ts";

const NOBODY = "127.0.0.1:1";
const NOW = fakeClock().now();
/** Milliseconds: the deadline that a test gives an attempt, and how long after it the attempt may end. */
const DEADLINE = 100;
const PATIENCE = 1500;

async function sendTest(subject: Subject, address: string): Promise<Outcome> {
  const channel = subject.create(address);
  const outcome = await channel.send(channel.composeTest());
  refuseSecrets(JSON.stringify(outcome));
  return outcome;
}

function refuseSecrets(text: string): void {
  for (const secret of Object.values(SECRETS)) assert.ok(!text.includes(secret), `${secret} in ${text}`);
}

const reasonOf = (outcome: Outcome) => [outcome.kind, "reason" in outcome && outcome.reason];

/** Those that talk to another side. */
const REMOTE = [ROBOT, APPLICATION, MAIL];

test("no channel is left out", () => {
  const names = listChannels(readChannelSettings({}), []).map(({ name }) => name);
  assert.deepEqual(
    REMOTE.map(({ name }) => name),
    names,
    "add a subject to support/channels.ts, and here",
  );
});

for (const subject of [...REMOTE, LOG]) {
  suite(`${subject.name}: messages`, () => {
    const channel = subject.create(NOBODY);

    test("it is named as in the metrics, and has room", () => {
      assert.equal(channel.name, subject.name);
      assert.ok(channel.capacity() > 0);
    });

    test("a test says that it is one", () => {
      for (const text of subject.texts(channel.composeTest())) assert.match(text, /测试|看到这/);
    });

    for (const [status, alert, words] of [
      ["firing", firing("ServiceDown", { severity: "critical" }), /严重告警.*ServiceDown 发生/s],
      ["resolved", resolved(firing("SlowServiceResponse")), /已恢复（警告）.*SlowServiceResponse 发生/s],
    ] as const) {
      test(`${status}: what it is stands first, alone and among others`, () => {
        const alerts = parseWebhook(webhook(alert));
        for (const { content, covers } of [
          channel.compose(alerts),
          channel.composeDigest({ alerts, countsRest: false }),
        ]) {
          assert.equal(covers, 1);
          assert.match(subject.texts(content).join("\n"), words);
        }
      });
    }

    test("whatever the alerts say, a message keeps to the limit, is valid UTF-8, and tells of one at least", () => {
      fc.assert(
        fc.property(
          fc.array(anyAlert, { minLength: 1, maxLength: 30 }),
          fc.boolean(),
          (posted, countsRest) => {
            const alerts = parseWebhook(webhook(...posted));
            for (const { content, covers } of [
              channel.compose(alerts),
              channel.composeDigest({ alerts, countsRest }),
            ]) {
              for (const text of subject.texts(content)) {
                assert.ok(Buffer.byteLength(text) <= subject.limit, `${Buffer.byteLength(text)} bytes`);
                assert.ok(text.isWellFormed());
              }
              assert.ok(covers >= 1 && covers <= alerts.length);
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}

const UNITS = ["律", "👩‍⚖️", "a", "<", "\n", "`", "](", "\u2028", "\ud800", "\u0000", "</font>", "&"];
const anyText = fc.oneof(
  fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 40 }),
  fc.constantFrom(...UNITS).map((unit) => unit.repeat(5000)),
);
const anyTexts = (...names: string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, anyText])), { requiredKeys: [] });
const anyAlert = fc
  .record({
    labels: anyTexts("alertname", "service", "mountpoint", "instance", "severity", "x\ud800"),
    annotations: anyTexts("summary", "description", "runbook_url", "doubt"),
    isOver: fc.boolean(),
  })
  .map(({ labels, annotations, isOver }) => {
    const alert = { ...firing("A"), labels, annotations } as ReturnType<typeof firing>;
    return isOver ? resolved(alert) : alert;
  });

/** The other side of a channel, misbehaving. @returns its address */
type Misbehave = (t: TestContext, behave: (socket: Socket) => void) => Promise<string>;

const misbehave: Misbehave = async (t, behave) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** A bit now and then, for ever: never silent for long enough to be noticed. */
function drip(socket: Socket, more: string): void {
  const timer = setInterval(() => socket.write(more), 20);
  socket.on("close", () => clearInterval(timer));
}

const HTTP_HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n{";

for (const subject of REMOTE) {
  suite(`${subject.name}: the other side`, () => {
    test("is not there: tried again", async () => {
      assert.deepEqual(reasonOf(await sendTest(subject, NOBODY)), ["retry", "network"]);
    });

    test("hangs up: tried again", async (t) => {
      const address = await misbehave(t, (socket) => socket.destroy());
      assert.deepEqual(reasonOf(await sendTest(subject, address)), ["retry", "network"]);
    });

    const endless: Record<string, (socket: Socket) => void> = {
      "takes everything and says nothing": () => {},
      "never finishes what it says": (socket) => {
        if (subject === MAIL) return drip(socket, "220-wait\r\n");
        socket.once("data", () => {
          socket.write(HTTP_HEAD);
          drip(socket, " ");
        });
      },
    };
    for (const [what, behave] of Object.entries(endless)) {
      test(`${what}: given up at the deadline, and tried again`, async (t) => {
        const deadlines: number[] = [];
        const { timeout } = AbortSignal;
        t.mock.method(AbortSignal, "timeout", (milliseconds: number) => {
          deadlines.push(milliseconds);
          return timeout.call(AbortSignal, DEADLINE);
        });
        const address = await misbehave(t, behave);
        const before = performance.now();
        assert.deepEqual(reasonOf(await sendTest(subject, address)), ["retry", "timeout"]);
        assert.ok(performance.now() - before < PATIENCE);
        assert.equal(deadlines.length, 1);
        assert.ok((deadlines[0] ?? 0) <= 30_000);
      });
    }

    test("says something that is not of its protocol: tried again", async (t) => {
      const address = await misbehave(t, (socket) => socket.end("\u0000\u0001 hello?\r\n\r\n".repeat(100)));
      assert.equal((await sendTest(subject, address)).kind, "retry");
    });
  });
}

/** Each way on which WeCom answers a channel. */
const WAYS: [name: string, Subject, (handler: RequestListener) => RequestListener][] = [
  ["wecom", ROBOT, (handler) => handler],
  ["wecom_app", APPLICATION, withToken],
  ["wecom_app's token", APPLICATION, (handler) => handler],
];

const words = (code: number) => `errcode ${code}：words`;

/** What to do, by errcode (https://developer.work.weixin.qq.com/document/path/90313). */
const RETRIED: [code: number, Partial<Outcome>][] = [
  [-1, { reason: "busy", tries: 3 }],
  [45009, { reason: "rate_limited", until: NOW + 60_000 }],
  [45033, { reason: "rate_limited" }],
];
const FINAL: Record<string, number[]> = {
  content: [40008, 40058, 40063, 44004, 45002, 45008, 45034],
  setup: [40001, 40013, 40056, 48002, 50003, 60020, 301002, 93000, 93004, 93008],
  receiver: [40003, 60111, 81013, 82001],
  unknown: [99999],
};

for (const [name, subject, way] of WAYS) {
  suite(`${name}: WeCom answers`, () => {
    const answered = async (t: TestContext, answer: RequestListener) => {
      const url = await listen(t, way(answer));
      return sendTest(subject, url.replace("http://", ""));
    };
    const coded = (t: TestContext, errcode: number) =>
      answered(t, (_, response) => response.end(JSON.stringify({ errcode, errmsg: "words" })));

    for (const [code, then] of RETRIED) {
      test(`${code}: tried again`, async (t) => {
        assert.deepEqual(await coded(t, code), { kind: "retry", detail: words(code), ...then });
      });
    }
    for (const [reason, codes] of Object.entries(FINAL)) {
      test(`${codes.join(", ")}: final, by ${reason}`, async (t) => {
        for (const code of codes) {
          assert.deepEqual(await coded(t, code), { kind: "failed", reason, detail: words(code) });
        }
      });
    }

    const strange: Record<string, [status: number, body: string, detail: string]> = {
      "HTTP 503, whatever it says": [503, '{"errcode":0}', "HTTP 503"],
      "HTTP 502 and a page": [502, "<html>bad gateway", "HTTP 502"],
      "a proxy's page": [
        200,
        "<html>login</html>",
        "HTTP 200，应答不是企业微信的格式：请检查 WECOM_API_BASE 和代理",
      ],
      "somebody else's JSON": [
        200,
        '{"code":0}',
        "HTTP 200，应答不是企业微信的格式：请检查 WECOM_API_BASE 和代理",
      ],
      nothing: [200, "", "HTTP 200，应答不是企业微信的格式：请检查 WECOM_API_BASE 和代理"],
    };
    for (const [what, [status, body, detail]] of Object.entries(strange)) {
      test(`${what}: tried again`, async (t) => {
        const outcome = await answered(t, (_, response) => void response.writeHead(status).end(body));
        assert.deepEqual(outcome, { kind: "retry", reason: "server", detail });
      });
    }

    test("a gateway that repeats the address gives no secret away, nor a whole page", async (t) => {
      const outcome = await answered(t, ({ url }, response) =>
        response.end(
          JSON.stringify({
            errcode: 40058,
            errmsg: `bad ${decodeURIComponent(url ?? "")} ${"a".repeat(5000)}`,
          }),
        ),
      );
      assert.ok(outcome.kind === "failed" && outcome.detail.length < 400);
      assert.match(outcome.detail, /errcode 40058：bad .*\*\*\*/);
    });
  });
}

test("no secret shows up anywhere while nothing can be sent", async (t) => {
  const { logger, lines } = recordingLogger();
  const echo = await listen(t, ({ url }, response) =>
    response.end(JSON.stringify({ errcode: 40001, errmsg: decodeURIComponent(url ?? "") })),
  );
  const token = "relay-token-hunter2";
  for (const base of [echo, `http://${NOBODY}`]) {
    const relay = await startRelay(t, {
      logger,
      env: {
        RELAY_TOKEN: token,
        WECOM_API_BASE: base,
        WECOM_ROBOT_KEY: SECRETS.robotKey,
        WECOM_CORP_ID: "ww0123456789abcdef",
        WECOM_AGENT_ID: "1",
        WECOM_SECRET: SECRETS.corpSecret,
        WECOM_TO_USER: "@all",
        SMTP_URL: `smtp://user:${SECRETS.smtpPassword}@${NOBODY}`,
        EMAIL_FROM: "monitor@example.com",
        EMAIL_TO: "ops@example.com",
      },
    });
    const headers = { Authorization: `Bearer ${token}` };
    const tested = await (await relay.post("/api/test", "", headers)).text();
    const outcomes = JSON.parse(tested).results.map(({ channel }: { channel: string }) => channel);
    assert.deepEqual(outcomes, ["wecom", "wecom_app", "email"]);
    await relay.post("/alerts", webhook(firing("HighCpuUsage")), headers);
    const pages = await Promise.all(["/api/alerts", "/api/notifications", "/metrics"].map(relay.text));
    const everything = [tested, ...pages, ...lines].join("\n");
    refuseSecrets(everything);
    assert.ok(!everything.includes(token));
  }
  assert.match(lines.join("\n"), /will try again|failed for good/);
});
