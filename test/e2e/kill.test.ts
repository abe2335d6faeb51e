import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createExporterProcess, type ExporterProcess } from "../helpers/exporter-process.ts";
import { sample } from "../unit/support/exporter.ts";

const KILLS = 50;
const SENDERS = 4;
/** Events of a batch with ids; they count as consultations, those without ids as cases. */
const BATCH = 3;

/** What the senders know. */
interface Ledger {
  /** Batches whose answer never came: whether they were counted is not known. */
  unanswered: string[][];
  /** Ids that were sent at all. */
  ids: number;
  /** Events without an id that were answered 202, and those without an answer. */
  cases: { counted: number; unknown: number };
}

test(`${KILLS} kills at any moment: nothing that was answered 202 is lost, nothing counts twice`, {
  timeout: 300_000,
}, async (t) => {
  const exporter = await createExporterProcess("enabled = false\n");
  t.after(() => exporter.remove());
  const ledger: Ledger = { unanswered: [], ids: 0, cases: { counted: 0, unknown: 0 } };
  const moments: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    await exporter.start();
    await compare(exporter, ledger, `after kill ${kill}`);
    const over = new AbortController();
    const senders = Array.from({ length: SENDERS }, () => send(exporter.url, ledger, over.signal));
    const moment = Math.random() * 60;
    moments.push(moment);
    await sleep(moment);
    await exporter.kill();
    over.abort();
    await Promise.all(senders);
  }
  await exporter.start();
  // What had no answer is sent again, with the ids it had: it counts now or has counted already.
  for (const ids of ledger.unanswered)
    assert.equal((await post(exporter.url, consultations(ids))).status, 202);
  const scrape = await (await fetch(`${exporter.url}/metrics`)).text();
  assert.equal(sample(scrape, "consultations_total"), ledger.ids);
  t.diagnostic(
    `${ledger.ids} ids, ${ledger.unanswered.length} batches without an answer, ${ledger.cases.counted} others`,
  );
  assert.ok(ledger.unanswered.length > 0, `no kill hit a request: ${moments}`);
});

async function send(url: string, ledger: Ledger, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const ids = Array.from({ length: BATCH }, () => crypto.randomUUID());
    ledger.ids += BATCH;
    const batch = await post(url, consultations(ids)).catch(() => undefined);
    if (batch?.status !== 202) ledger.unanswered.push(ids);
    const single = await post(url, { type: "case" }).catch(() => undefined);
    ledger.cases[single?.status === 202 ? "counted" : "unknown"] += 1;
  }
}

/** The totals lie between what was answered and what was sent. */
async function compare(exporter: ExporterProcess, ledger: Ledger, when: string): Promise<void> {
  const scrape = await (await fetch(`${exporter.url}/metrics`)).text();
  const between = (series: string, least: number, unknown: number) => {
    const total = sample(scrape, series) ?? Number.NaN;
    assert.ok(
      total >= least && total <= least + unknown,
      `${when}: ${series} ${total}, not ${least} to ${least + unknown}`,
    );
  };
  assert.equal((sample(scrape, "consultations_total") ?? 0) % BATCH, 0, `${when}: half a batch was counted`);
  const unknown = BATCH * ledger.unanswered.length;
  between("consultations_total", ledger.ids - unknown, unknown);
  between("cases_total", ledger.cases.counted, ledger.cases.unknown);
}

function consultations(ids: string[]): unknown[] {
  return ids.map((id) => ({ type: "consultation", id }));
}

function post(url: string, events: unknown): Promise<Response> {
  return fetch(`${url}/events`, { method: "POST", body: JSON.stringify(events) });
}
