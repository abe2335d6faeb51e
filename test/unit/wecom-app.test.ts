import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { wecomAppChannel } from "../../alertmanager/relay/channels/wecom-app/channel.ts";
import { APP, startWecomAppServer } from "../helpers/wecom-app-server.ts";
import { fakeClock } from "./support/clock.ts";
import { openWindow } from "./support/window.ts";
import { testWording } from "./support/wording.ts";

const MINUTE = 60;

/** An application that tells zhangsan, and WeCom. */
async function open(t: TestContext, { toUser = "zhangsan", secret = APP.secret } = {}) {
  const clock = fakeClock();
  const wecom = await startWecomAppServer(clock.now);
  t.after(() => wecom.close());
  const settings = { ...APP, secret, toUser, apiBase: wecom.url };
  /** As after a restart: it has forgotten everything but what is on disk. */
  const window = openWindow(t, clock.now);
  const create = () => wecomAppChannel({ settings, wording: testWording(), clock, window });
  return { clock, wecom, create, channel: create() };
}

const setUp = (errcode: number) => ({
  kind: "failed",
  reason: "setup",
  detail: `errcode ${errcode}：refused, hint: [1234]`,
});

test("a message goes to the members as markdown", async (t) => {
  const { wecom, channel } = await open(t, { toUser: "zhangsan|lisi" });
  assert.deepEqual(await channel.send("**hello**"), { kind: "sent" });
  assert.deepEqual(wecom.requests, [
    {
      touser: "zhangsan|lisi",
      msgtype: "markdown",
      agentid: APP.agentId,
      markdown: { content: "**hello**" },
      enable_duplicate_check: 1,
      duplicate_check_interval: 1800,
    },
  ]);
  assert.deepEqual(
    wecom.delivered.map(({ to }) => to),
    ["zhangsan", "lisi"],
  );
});

suite("the token", () => {
  test("is fetched once for many messages, and anew before it expires", async (t) => {
    const { clock, wecom, channel } = await open(t);
    for (const minutes of [0, 1, 110]) {
      clock.advance(minutes * MINUTE);
      assert.equal((await channel.send(`after ${minutes}`)).kind, "sent");
    }
    assert.equal(wecom.tokensAsked, 1);
    clock.advance(8 * MINUTE);
    assert.equal((await channel.send("just before it expires")).kind, "sent");
    assert.deepEqual([wecom.tokensAsked, wecom.requests.length], [2, 4]);
  });

  test("is fetched by one for all who want it at the same time", async (t) => {
    const { wecom, channel } = await open(t);
    const outcomes = await Promise.all(["a", "b", "c"].map((content) => channel.send(content)));
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ["sent", "sent", "sent"],
    );
    assert.equal(wecom.tokensAsked, 1);
  });

  test("that WeCom has taken back is replaced, and the message tried again at once", async (t) => {
    const { clock, wecom, channel } = await open(t);
    await channel.send("first");
    for (const code of [40014, 42001, 41001]) {
      clock.advance(2 * MINUTE);
      wecom.answers.push(code);
      assert.deepEqual(await channel.send(`after ${code}`), { kind: "sent" });
    }
    assert.equal(wecom.tokensAsked, 4);
    clock.advance(2 * MINUTE);
    wecom.revoke();
    assert.deepEqual(await channel.send("after all"), { kind: "sent" });
    assert.equal(wecom.delivered.length, 5);
  });

  test("that is refused although it is new: once more, then given up", async (t) => {
    const { wecom, channel } = await open(t);
    wecom.answers.push(40014, 40014);
    assert.deepEqual(await channel.send("a"), setUp(40014));
    assert.deepEqual([wecom.tokensAsked, wecom.requests.length], [2, 2]);
  });

  test("that is refused again within a minute is not asked for again before", async (t) => {
    const { clock, wecom, channel } = await open(t);
    wecom.answers.push(42001, 0, 42001);
    await channel.send("a");
    clock.advance(10);
    const outcome = await channel.send("b");
    assert.deepEqual(outcome.kind === "retry" && [outcome.until, outcome.tries], [clock.now() + 50_000, 2]);
    assert.equal(wecom.tokensAsked, 2);
    clock.advance(50);
    assert.equal((await channel.send("b")).kind, "sent");
  });

  test("is not asked for again and again with a wrong secret", async (t) => {
    const { clock, wecom, channel } = await open(t, { secret: "wrong" });
    for (const seconds of [0, 1, 9 * MINUTE]) {
      clock.advance(seconds);
      assert.deepEqual(await channel.send("a"), setUp(40001));
    }
    assert.equal(wecom.tokensAsked, 1);
    clock.advance(MINUTE);
    assert.deepEqual(await channel.send("a"), setUp(40001));
    assert.equal(wecom.tokensAsked, 2);
    clock.advance(-3600);
    await channel.send("a");
    assert.equal(wecom.tokensAsked, 3, "a clock that was set back is not waited for");
  });

  test("that WeCom does not give at the moment is asked for with the next attempt", async (t) => {
    const { clock, wecom, channel } = await open(t);
    wecom.tokenAnswers.push(-1, 45009, { errcode: 0 });
    const outcomes = [await channel.send("a"), await channel.send("a"), await channel.send("a")];
    const detail = (code: number) => `errcode ${code}：refused, hint: [1234]`;
    assert.deepEqual(outcomes, [
      { kind: "retry", reason: "busy", detail: detail(-1), tries: 3 },
      { kind: "retry", reason: "rate_limited", detail: detail(45009), until: clock.now() + 60_000 },
      { kind: "retry", reason: "server", detail: "企业微信没有给出 access_token" },
    ]);
    assert.equal((await channel.send("a")).kind, "sent");
  });
});

suite("a repeated attempt", () => {
  test("is not told twice when the answer was lost, not even after a restart", async (t) => {
    const { clock, wecom, create, channel } = await open(t);
    const lost = t.mock.method(AbortSignal, "timeout", () => AbortSignal.abort(timeout()));
    lost.mock.mockImplementationOnce(() => hungUp(wecom.requests));
    assert.equal((await channel.send("a")).kind, "retry");
    lost.mock.restore();
    clock.advance(MINUTE);
    assert.equal((await create().send("a")).kind, "sent");
    assert.equal(wecom.requests.length, 2);
    assert.equal(wecom.delivered.length, 1);
  });

  test("is told apart from another message with the same words", async (t) => {
    const { clock, wecom, channel } = await open(t);
    await channel.send("a");
    await channel.send("a");
    assert.equal(wecom.delivered.length, 2);
    clock.advance(30 * MINUTE);
    await channel.send("a");
    assert.equal(wecom.requests.at(-1)?.enable_duplicate_check, 1);
    assert.equal(wecom.delivered.length, 3);
  });
});

const timeout = () => new DOMException("too late", "TimeoutError");

/** Ends an attempt once WeCom has the message, before its answer arrives. */
function hungUp(requests: unknown[]): AbortSignal {
  const controller = new AbortController();
  const push = requests.push.bind(requests);
  requests.push = (...items) => {
    controller.abort(timeout());
    return push(...items);
  };
  return controller.signal;
}

test("whom WeCom does not reach is named", async (t) => {
  const { wecom, channel } = await open(t, { toUser: "zhangsan|gone" });
  assert.deepEqual(await channel.send("a"), {
    kind: "sent",
    undelivered: "成员不存在或不在应用的可见范围：gone",
  });
  wecom.answers.push({
    errcode: 0,
    invalidparty: "1|2",
    invalidtag: "3",
    unlicenseduser: "lisi",
  });
  assert.deepEqual(await channel.send("b"), {
    kind: "sent",
    undelivered:
      "部门不存在或不在应用的可见范围：1、2；标签不存在或不在应用的可见范围：3；成员没有接口许可：lisi",
  });
});

test("nobody left to tell is final", async (t) => {
  const { channel } = await open(t, { toUser: "gone" });
  assert.deepEqual(await channel.send("a"), { ...setUp(81013), reason: "receiver" });
});

test("16 messages in any minute, restarts included: what is left says so", async (t) => {
  const { clock, wecom, channel, create } = await open(t);
  assert.equal(channel.capacity(), 16);
  for (let number = 1; number <= 16; number += 1) await channel.send(`${number}`);
  assert.equal(channel.capacity(), 0);
  assert.deepEqual(await create().send("17"), { kind: "wait", until: clock.now() + 60_000 });
  assert.equal(wecom.requests.length, 16);
  clock.advance(MINUTE);
  assert.equal(channel.capacity(), 16);
});
