import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../helpers/ports.ts";
import { type NamedAlert, sum, type Told, tellAll } from "../helpers/read-messages.ts";
import { createRelayProcess, nothingWaits, type RelayProcess } from "../helpers/relay-process.ts";
import { numberOf, postStorm, storm } from "../helpers/storm.ts";
import { startWecomServer, type WecomServer } from "../helpers/wecom-server.ts";
import { type PostedAlert, resolved } from "../unit/support/alerts.ts";

const KEY = "robot-key-for-tests";
/** Of a robot, as WeCom counts: messages in any so many milliseconds. */
const LIMIT = { messages: 20, span: 60_000 };
const MARKDOWN_BYTES = 4096;

suite("a storm, told through one robot on WeCom's real limit", () => {
  test("10,000 alerts at once: all named or counted, the critical ones named", async (t) => {
    const wecom = await startWecomServer([KEY]);
    t.after(() => wecom.close());
    const relay = await startRelay(t, { WECOM_API_BASE: wecom.url });
    const alerts = storm({ alerts: 10_000, critical: 40 });
    const begun = Date.now();
    await postStorm(relay.url, alerts);
    await nothingWaits(relay.url);
    assert.ok(Date.now() - begun < LIMIT.span);
    const told = readAll(wecom);
    assertNumbersAddUp(told, alerts);
    assert.deepEqual(titles(told.named.slice(0, 40)), titlesOf(alerts.filter(isCritical)));
  });

  test("with the minute nearly used up, the critical ones follow by name and the others in numbers", async (t) => {
    const wecom = await startWecomServer([KEY]);
    t.after(() => wecom.close());
    const relay = await startRelay(t, { WECOM_API_BASE: wecom.url });
    const alerts = storm({ alerts: 314, critical: 120 });
    for (const alert of alerts.splice(0, 14)) {
      await postStorm(relay.url, [alert]);
      await nothingWaits(relay.url);
    }
    assert.equal(wecom.messages.length, 14);
    await postStorm(relay.url, alerts);
    await nothingWaits(relay.url);
    assert.ok(wecom.messages.length <= LIMIT.messages);
    const told = readAll(wecom, 14);
    assertNumbersAddUp(told, alerts);
    assert.ok(sum(told.counted) > 0);
    assert.deepEqual(titles(told.named.filter(isAboutCritical)), titlesOf(alerts.filter(isCritical)));
  });

  test("600 of which half end while they wait: those are told once, as ended", async (t) => {
    const [port] = await freePorts(1);
    const relay = await startRelay(t, { WECOM_API_BASE: `http://127.0.0.1:${port}` });
    const alerts = storm({ alerts: 600, critical: 20 });
    await postStorm(relay.url, alerts);
    await sleep(1000);
    const now = new Date().toISOString();
    const half = alerts.map((alert, index) => (index % 2 === 0 ? alert : resolved(alert, now)));
    await postStorm(
      relay.url,
      half.filter(({ status }) => status === "resolved"),
    );
    const wecom = await startWecomServer([KEY], port);
    t.after(() => wecom.close());
    await nothingWaits(relay.url);
    const told = readAll(wecom);
    assertNumbersAddUp(told, half);
    const ended = told.named.filter(({ status }) => status === "resolved");
    assert.ok(ended.length > 0);
    assert.deepEqual(
      ended.filter(({ facts }) => !/^持续 \d+ 秒$/.test(facts.at(-1) ?? "")),
      [],
    );
    assert.deepEqual(titles(told.named.filter(isAboutCritical)), titlesOf(alerts.filter(isCritical)));
  });
});

async function startRelay(t: TestContext, env: Record<string, string>): Promise<RelayProcess> {
  // What it warns of here is expected: a WeCom that is not there yet.
  const relay = await createRelayProcess({ WECOM_ROBOT_KEY: KEY, LOG_LEVEL: "error", ...env });
  t.after(() => relay.remove());
  await relay.start();
  return relay;
}

/** What WeCom took: within its limits, and nothing else was ever sent. @param first the first message to read */
function readAll({ messages, refusals }: WecomServer, first = 0): Told {
  assert.deepEqual(refusals, []);
  const crowded = messages.filter(
    ({ at }, index) => at - (messages[index - LIMIT.messages]?.at ?? 0) < LIMIT.span,
  );
  assert.deepEqual(crowded, []);
  const contents = messages.map(({ content }) => content);
  for (const content of contents) {
    assert.ok(Buffer.byteLength(content) <= MARKDOWN_BYTES);
    // A character that was cut arrives as U+FFFD or as half of a surrogate pair.
    assert.ok(content.isWellFormed() && !content.includes("\u{fffd}"), content);
  }
  return tellAll(contents.slice(first));
}

/** Each alert is named once or counted once: of each kind, of those counted together, and in each message by itself. */
function assertNumbersAddUp({ named, counted, wrongSums }: Told, alerts: PostedAlert[]): void {
  assert.deepEqual(wrongSums, []);
  const byNumber = new Map(alerts.map((alert) => [numberOf(alert.annotations.summary ?? ""), alert]));
  const unnamed = new Map(byNumber);
  for (const { title, status } of named) {
    const number = numberOf(title);
    assert.equal(byNumber.get(number)?.status, status, title);
    assert.ok(unnamed.delete(number), `${title} is named twice`);
  }
  const rest = Map.groupBy(unnamed.values(), ({ labels, status }) => `${labels.alertname} ${status}`);
  for (const { kind, status, alerts } of counted) {
    if (kind === undefined) continue;
    assert.equal(alerts, rest.get(`${kind} ${status}`)?.length, kind);
    rest.delete(`${kind} ${status}`);
  }
  const others = counted.filter(({ kind }) => kind === undefined);
  assert.equal(sum(others), [...rest.values()].flat().length);
}

function isCritical({ labels }: PostedAlert): boolean {
  return labels.severity === "critical";
}

function isAboutCritical({ heading }: NamedAlert): boolean {
  return heading.includes("严重");
}

function titles(named: { title: string }[]): string[] {
  return named.map(({ title }) => numberOf(title)).toSorted();
}

function titlesOf(alerts: PostedAlert[]): string[] {
  return alerts.map(({ annotations }) => numberOf(annotations.summary ?? "")).toSorted();
}
