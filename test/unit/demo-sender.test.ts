import assert from "node:assert/strict";
import { test } from "node:test";
import { MonitoringError, type MonitoringErrorKind } from "../../client/error.ts";
import { type Outcome, postEvents } from "../../client/post-events.ts";
import type { WireEvent } from "../../client/wire.ts";
import { createSender } from "../../scripts/demo/sender.ts";
import { NOTHING } from "../../scripts/demo/totals.ts";
import { systemClock } from "../../service/clock.ts";
import { fakeClock } from "./support/clock.ts";
import { sample, startExporter } from "./support/exporter.ts";

const EVENTS: WireEvent[] = ["a", "b"].map((id) => ({
  type: "message",
  outcome: "error",
  id,
  at: new Date().toISOString(),
}));
const failure = (kind: MonitoringErrorKind): Outcome => ({
  kind: "failed",
  error: new MonitoringError(kind, "the message"),
});

test("an answer is lost: sent again, counted once", async (t) => {
  const exporter = await startExporter(t, { config: { enabled: false }, clock: systemClock });
  let attempts = 0;
  const { sender, told } = setUp(async (events) => {
    attempts += 1;
    const outcome = await postEvents({ url: exporter.url, token: undefined }, events, 5000);
    return attempts === 1 ? failure("unreachable") : outcome;
  });
  await sender.send(EVENTS);
  assert.equal(attempts, 2);
  assert.match(sender.ledger(), /评分 0 次。$/);
  assert.deepEqual(sender.added, { ...NOTHING, messages: 2, errors: 2 });
  assert.equal(sample(await exporter.text("/metrics"), "wecom_messages_total"), 2);
  assert.deepEqual(told, ["⚠️  采集程序没有应答，正在重试", "采集程序又有应答了，继续"]);
});

test("the exporter stays away: it says what to do, what was added, and what nobody knows", async () => {
  const outcomes: Outcome[] = [{ kind: "stored" }];
  const { sender, clock } = setUp(async () => outcomes.shift() ?? failure("unreachable"));
  const begun = clock.elapsed();
  await sender.send(EVENTS.slice(0, 1));
  await assert.rejects(sender.send(EVENTS), /^StackError: 采集程序没有应答，演示到此为止。请执行 npm start/);
  assert.ok(clock.elapsed() - begun < 70_000);
  assert.equal(
    sender.ledger(),
    "已写入：消息 1 条（其中出错 1 条），咨询 0 件，案例 0 件，评分 0 次；最后一批 2 个事件没有收到应答，可能计入了，也可能没有。",
  );
});

test("what no second attempt can mend is told at once", async () => {
  for (const [outcome, words] of [
    [failure("unauthorized"), /不认这个令牌：.*npm run apply/],
    [failure("unexpected"), /应答不对：the message/],
    [{ kind: "bad", problems: [] }, /不接受演示的事件（bad）/],
  ] as const) {
    let attempts = 0;
    const { sender, told } = setUp(async () => {
      attempts += 1;
      return outcome as Outcome;
    });
    await assert.rejects(sender.send(EVENTS), words);
    assert.equal(attempts, 1);
    assert.match(sender.ledger(), /消息 0 条.*评分 0 次。$/);
    assert.deepEqual(told, []);
  }
});

test("interrupted while it waits: what was sent is in doubt", async () => {
  const { sender } = setUp(
    async () => failure("unavailable"),
    () => Promise.reject(new Error("interrupted")),
  );
  await assert.rejects(sender.send(EVENTS), /interrupted/);
  assert.match(sender.ledger(), /^已写入：消息 0 条.*；最后一批 2 个事件没有收到应答/);
});

function setUp(post: (events: WireEvent[]) => Promise<Outcome>, wait?: () => Promise<void>) {
  const clock = fakeClock();
  const told: string[] = [];
  const pass = async (milliseconds: number) => clock.advance(milliseconds / 1000);
  const sender = createSender({ post, clock, wait: wait ?? pass, tell: (text) => told.push(text) });
  return { sender, told, clock };
}
