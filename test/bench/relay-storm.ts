import { setTimeout as sleep } from "node:timers/promises";
import { residentMegabytes } from "../helpers/process-usage.ts";
import { sum, tellAll } from "../helpers/read-messages.ts";
import { nothingWaits, type RelayProcess } from "../helpers/relay-process.ts";
import { numberOf, postStorm, storm } from "../helpers/storm.ts";
import type { WecomProcess } from "../helpers/wecom-process.ts";

export const STORM = { alerts: 10_000, critical: 40 };

/** Milliseconds until memory that is no longer needed may have been given back. */
const CALM = 5000;

export interface StormCost {
  /** Seconds from the webhook to its answer. */
  accepted: number;
  /** Seconds from the webhook to the last message. */
  told: number;
  messages: number;
  /** Named or counted. */
  alerts: number;
  /** Of the critical ones. */
  named: number;
  refused: number;
  /** Resident, in megabytes. */
  memory: { before: number; after: number };
}

/** 10,000 alerts in one webhook, told through one robot. */
export async function measureStorm(relay: RelayProcess, wecom: WecomProcess): Promise<StormCost> {
  await sleep(CALM);
  const before = residentMegabytes(relay.pid);
  const begun = Date.now();
  const accepted = await postStorm(relay.url, storm(STORM));
  await nothingWaits(relay.url);
  await sleep(CALM);
  const after = residentMegabytes(relay.pid);
  const { messages, refusals } = await wecom.read();
  const { named, counted } = tellAll(messages.map(({ content }) => content));
  const isCritical = ({ heading }: { heading: string }) => heading.includes("严重");
  return {
    accepted: accepted / 1000,
    told: ((messages.at(-1)?.at ?? Number.NaN) - begun) / 1000,
    messages: messages.length,
    alerts: new Set(named.map(({ title }) => numberOf(title))).size + sum(counted),
    named: named.filter(isCritical).length,
    refused: refusals.length,
    memory: { before, after },
  };
}
