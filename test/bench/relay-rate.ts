import autocannon from "autocannon";
import type { RelayProcess } from "../helpers/relay-process.ts";
import { stormAlert } from "../helpers/storm.ts";
import { webhook } from "../unit/support/alerts.ts";

/** Seconds that each load lasts. */
const DURATION = 5;
const FIRST = 200_000;

export interface Rates {
  /** Alerts a second, a webhook each. */
  single: number;
  /** Alerts a second in webhooks of many. */
  grouped: number;
}

export const GROUP = 200;

/** Every alert is new, and the robot is busy telling of them. */
export async function measureRate({ url }: RelayProcess): Promise<Rates> {
  const template = JSON.stringify(stormAlert(FIRST));
  let count = 0;
  /** Only what tells alerts apart is new: making them up must not be what is measured. */
  const next = (size: number) => {
    const alerts = Array.from({ length: size }, () => {
      count += 1;
      return template.replace(
        /"fingerprint":"\w+"/,
        `"fingerprint":"${count.toString(16).padStart(16, "0")}"`,
      );
    });
    return JSON.stringify(webhook()).replace('"alerts":[]', `"alerts":[${alerts}]`);
  };
  const single = await measure(url, 16, () => next(1));
  const grouped = GROUP * (await measure(url, 2, () => next(GROUP)));
  return { single, grouped };
}

/** @returns webhooks answered 200 a second @throws if another answer came */
async function measure(url: string, connections: number, body: () => string): Promise<number> {
  const headers = { "content-type": "application/json" };
  const requests: autocannon.Request[] = [
    { method: "POST", path: "/alerts", headers, setupRequest: (request) => ({ ...request, body: body() }) },
  ];
  const result = await autocannon({ url, connections, requests, duration: DURATION });
  if (result.non2xx + result.errors > 0) throw new Error(`${url}: ${result.non2xx + result.errors} failed`);
  return result["2xx"] / result.duration;
}
