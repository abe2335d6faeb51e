import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../helpers/eventually.ts";
import { tellAll } from "../helpers/read-messages.ts";
import type { RelayProcess } from "../helpers/relay-process.ts";
import { numberOf, postStorm, stormAlert } from "../helpers/storm.ts";
import type { WecomProcess } from "../helpers/wecom-process.ts";

const ALERTS = 300;
const WARM_UP = 20;
/** Milliseconds from one to the next. */
const PACE = 60;
const FIRST = 100_000;

/** Milliseconds from the webhook to WeCom. */
export interface Delay {
  p50: number;
  p99: number;
}

/** One alert at a time, each told before the next; by several robots, or most would wait for the limit. */
export async function measureDelay({ url }: RelayProcess, wecom: WecomProcess): Promise<Delay> {
  const posted = new Map<string, number>();
  for (let index = 0; index < WARM_UP + ALERTS; index += 1) {
    const alert = stormAlert(FIRST + index);
    const due = sleep(PACE);
    if (index >= WARM_UP) posted.set(numberOf(alert.annotations.summary ?? ""), Date.now());
    await postStorm(url, [alert]);
    await due;
  }
  const sorted = await eventually("all have arrived", async () => {
    const { messages } = await wecom.read();
    const found = messages.flatMap(({ content, at }) =>
      tellAll([content]).named.flatMap(({ title }) => {
        const begun = posted.get(numberOf(title));
        return begun === undefined ? [] : [at - begun];
      }),
    );
    return found.length < ALERTS ? undefined : found.sort((a, b) => a - b);
  });
  const quantile = (share: number) => sorted[Math.floor(share * ALERTS)] ?? Number.NaN;
  return { p50: quantile(0.5), p99: quantile(0.99) };
}
