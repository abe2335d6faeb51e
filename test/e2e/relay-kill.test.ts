import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../helpers/eventually.ts";
import { createRelayProcess, type RelayProcess } from "../helpers/relay-process.ts";
import { assertWithinLimit, countedIn, namesIn, readOutbox, stormName } from "../helpers/told.ts";
import { startWecomServer, type WecomServer } from "../helpers/wecom-server.ts";
import { firing, type PostedAlert, webhook } from "../unit/support/alerts.ts";
import { sample } from "../unit/support/exporter.ts";

const KILLS = 55;
const SENDERS = 3;
/** Webhooks of a sender between two kills: what the robots can tell in a minute is not used up. */
const WEBHOOKS = 5;
/** With a mention of everybody each critical message is followed by another. */
const ROBOTS = 80;

/** What the senders know. */
interface Ledger {
  /** Alerts of the webhooks that were answered 200. */
  accepted: string[];
  /** Webhooks whose answer never came: Alertmanager sends them again. */
  unanswered: PostedAlert[][];
  alerts: number;
}

interface Storm {
  relay: RelayProcess;
  wecom: WecomServer;
  ledger: Ledger;
  /** How many messages WeCom had when the relay was started, each time but the first. */
  starts: number[];
}

test(`${KILLS} kills at any moment of a storm: all that was answered 200 is told, one message a kill at most twice`, {
  timeout: 300_000,
}, async (t) => {
  const { relay, wecom, ledger, starts } = await storm(t, { robots: ROBOTS, kills: KILLS, spread: 80 });
  await eventually("all is told", async () => {
    const scrape = await (await fetch(`${relay.url}/metrics`)).text();
    return sample(scrape, 'relay_outbox_pending{channel="wecom"}') === 0;
  });
  await relay.stop();

  assertTold(relay, wecom, ledger);
  assert.deepEqual(wecom.refusals, []);
  assertWithinLimit(wecom.messages);
  const repeated = assertRepeatedAtMostOnce(wecom, starts);
  t.diagnostic(
    `${ledger.alerts} alerts, ${ledger.accepted.length} answered 200, ${wecom.messages.length} messages, ${repeated} of them twice`,
  );
  assert.ok(ledger.unanswered.length > 0, "no kill hit a webhook");
  assert.ok(repeated > 0, "no kill hit a message");
});

test("killed again and again, one robot never sends more than 20 messages in a minute, and nothing is lost", {
  timeout: 120_000,
}, async (t) => {
  const { relay, wecom, ledger } = await storm(t, { robots: 1, kills: 12, spread: 300 });
  await relay.stop();
  assertWithinLimit(wecom.messages);
  assert.deepEqual(wecom.refusals, []);
  assertTold(relay, wecom, ledger);
  t.diagnostic(`${ledger.accepted.length} alerts answered 200, ${wecom.messages.length} messages`);
  assert.ok(wecom.messages.length >= 15, "the storm did not reach the limit");
});

/** Kills the relay at random moments, at most `spread` milliseconds after it is ready, and starts it a last time. */
async function storm(
  t: TestContext,
  { robots, kills, spread }: { robots: number; kills: number; spread: number },
): Promise<Storm> {
  const keys = Array.from({ length: robots }, (_, index) => `robot${index}`);
  const wecom = await startWecomServer(keys);
  t.after(() => wecom.close());
  const relay = await createRelayProcess({
    WECOM_ROBOT_KEY: keys.join(","),
    WECOM_API_BASE: wecom.url,
    WECOM_MENTION: "@all",
  });
  t.after(() => relay.remove());
  const ledger: Ledger = { accepted: [], unanswered: [], alerts: 0 };
  const starts: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    await relay.start();
    const over = new AbortController();
    const senders = Array.from({ length: SENDERS }, () => send(relay.url, ledger, over.signal));
    await sleep(Math.random() * spread);
    await relay.kill();
    over.abort();
    await Promise.all(senders);
    starts.push(wecom.messages.length);
  }
  await relay.start();
  for (const alerts of ledger.unanswered) {
    const response = await post(relay.url, alerts);
    assert.equal(response.status, 200);
    ledger.accepted.push(...namesOf(alerts));
  }
  return { relay, wecom, ledger, starts };
}

async function send(url: string, ledger: Ledger, over: AbortSignal): Promise<void> {
  for (let number = 0; number < WEBHOOKS && !over.aborted; number += 1) {
    const alerts = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => {
      ledger.alerts += 1;
      const severity = ledger.alerts % 10 === 0 ? "critical" : "warning";
      return firing(stormName(ledger.alerts), { severity });
    });
    const response = await post(url, alerts).catch(() => undefined);
    if (response?.status === 200) ledger.accepted.push(...namesOf(alerts));
    else ledger.unanswered.push(alerts);
  }
}

function post(url: string, alerts: PostedAlert[]): Promise<Response> {
  return fetch(`${url}/alerts`, { method: "POST", body: JSON.stringify(webhook(...alerts)) });
}

function namesOf(alerts: PostedAlert[]): string[] {
  return alerts.flatMap(({ labels }) => labels.alertname ?? []);
}

/** What was accepted is on disk; what the disk says was sent was named or counted in a message that WeCom took. */
function assertTold({ dataDir }: RelayProcess, { messages }: WecomServer, { accepted }: Ledger): void {
  const outbox = readOutbox(dataDir);
  const told = new Set(messages.flatMap(namesIn));
  let counted = 0;
  for (const name of accepted) {
    const known = outbox.get(name);
    assert.ok(known, `${name} was lost`);
    assert.notEqual(known.state, "failed", name);
    if (known.counted) counted += 1;
    else if (known.state === "sent") assert.ok(told.has(name), `${name} was never told`);
  }
  const inNumbers = messages.reduce((sum, message) => sum + countedIn(message), 0);
  assert.ok(inNumbers >= counted, `${counted} were to be counted, ${inNumbers} were`);
}

/** What is told again was in the message that the kill interrupted. @returns how many kills did */
function assertRepeatedAtMostOnce({ messages }: WecomServer, starts: number[]): number {
  const told = new Set<string>();
  let interrupted: string[] = [];
  let repeating = 0;
  for (const [index, message] of messages.entries()) {
    if (starts.includes(index))
      interrupted = namesIn(messages.slice(0, index).findLast(isAboutAlerts) ?? message);
    const again = namesIn(message).filter((name) => told.has(name));
    for (const name of again) assert.ok(interrupted.includes(name), `${name} was told twice`);
    if (again.length > 0) repeating += 1;
    for (const name of namesIn(message)) told.add(name);
  }
  assert.ok(repeating <= starts.length, `${repeating} messages repeat`);
  return repeating;
}

function isAboutAlerts({ msgtype }: { msgtype: string }): boolean {
  return msgtype === "markdown";
}
