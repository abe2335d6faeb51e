import { setTimeout as sleep } from "node:timers/promises";
import { OWN_SERVICE, type ServiceTarget } from "../../config/config.ts";
import type { Collector, Sample } from "./collector.ts";
import { within } from "./within.ts";

export interface ServicesOptions {
  targets: ServiceTarget[];
  /** The exporter's own address, probed as the service "monitoring". */
  ownUrl: () => string;
  /** When a probe gives up, in seconds. */
  deadline: number;
  /** How long a run waits for its probes, in seconds: shorter than from one run to the next. */
  patience: number;
}

/**
 * Probes start a few at a time, 500 in a second: all at once they would hold up a scrape, and each other's times. They
 * are not limited by how many are under way, so that silent services delay nobody.
 */
const BATCH = 5;
/** Milliseconds from one batch to the next. */
const PAUSE = 10;
const RESPONSE_TIME = "service_response_time_seconds";

/**
 * Probes every service, each with a deadline of its own. A run waits for the probes `patience` long and publishes the
 * newest of each. One that takes longer is not asked again meanwhile; its time grows, and whether it is up is told with
 * the run after it has ended.
 */
export function servicesCollector({ targets, ownUrl, deadline, patience }: ServicesOptions): Collector {
  const underWay = new Map<string, { since: number; done: Promise<void> }>();
  const newest = new Map<string, Sample[]>();
  let stopping = new AbortController();

  async function keep(target: ServiceTarget, signal: AbortSignal): Promise<void> {
    const samples = await probe(target, deadline, signal);
    if (signal.aborted) return;
    newest.set(target.name, samples);
    underWay.delete(target.name);
  }

  async function probeAll(targets: ServiceTarget[]): Promise<void> {
    for (let begin = 0; begin < targets.length; begin += BATCH) {
      if (begin > 0) await sleep(PAUSE, undefined, { signal: stopping.signal });
      for (const target of targets.slice(begin, begin + BATCH)) {
        if (underWay.has(target.name)) continue;
        underWay.set(target.name, { since: performance.now(), done: keep(target, stopping.signal) });
      }
    }
    await Promise.all([...underWay.values()].map(({ done }) => done));
  }

  /** Of a probe that takes longer than all runs before, the time so far. */
  function tell(name: string): Sample[] {
    const last = newest.get(name) ?? [];
    const { since = Number.POSITIVE_INFINITY } = underWay.get(name) ?? {};
    const soFar = (performance.now() - since) / 1000;
    const isSlower = last.every(({ metric, value }) => metric !== RESPONSE_TIME || value < soFar);
    if (soFar < patience || !isSlower) return last;
    const others = last.filter(({ metric }) => metric !== RESPONSE_TIME);
    return [...others, { metric: RESPONSE_TIME, labels: { service: name }, value: soFar }];
  }

  return {
    name: "services",
    // Every run ends by its patience; this one only guards against a mistake here.
    deadline: (patience + 5) * 1000,
    async collect() {
      const all = [...targets, { name: OWN_SERVICE, url: `${ownUrl()}/-/healthy` }];
      await within(probeAll(all), patience * 1000);
      return all.flatMap(({ name }) => tell(name));
    },
    // A silent service would keep the process until its deadline.
    stop() {
      stopping.abort();
      stopping = new AbortController();
      underWay.clear();
      newest.clear();
    },
  };
}

/**
 * When a probe gives up, in seconds: late enough for the slow-response alert to fire.
 * @param threshold of the response time, in seconds
 */
export function probeDeadline(threshold: number): number {
  return Math.max(10, 2 * threshold);
}

/** Up is 2xx, or 3xx that leads nowhere further; the time is until the headers of the last answer. */
async function probe(
  { name, url }: ServiceTarget,
  deadline: number,
  stopping: AbortSignal,
): Promise<Sample[]> {
  const begun = performance.now();
  let up = false;
  let late = false;
  try {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(deadline * 1000)]);
    const response = await fetch(url, { signal });
    up = response.status < 400;
    // However long the body is, it is not read.
    await response.body?.cancel();
  } catch (error) {
    // Refused, unknown, untrusted or too late: not up. Which one is for the operator to find out.
    late = isTimeout(error);
  }
  const seconds = late ? deadline : Math.min((performance.now() - begun) / 1000, deadline);
  return [
    { metric: "service_up", labels: { service: name }, value: up ? 1 : 0 },
    { metric: RESPONSE_TIME, labels: { service: name }, value: seconds },
  ];
}

/** Ours, or fetch's own for connecting, which is 10 s whatever the deadline. */
function isTimeout(error: unknown): boolean {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  return name === "TimeoutError" || cause?.code === "UND_ERR_CONNECT_TIMEOUT";
}
