import { setTimeout as sleep } from "node:timers/promises";
import { OWN_SERVICE, type ServiceTarget } from "../../config/config.ts";
import type { Collector, Sample } from "./collector.ts";

export interface ServicesOptions {
  targets: ServiceTarget[];
  /** The exporter's own address, probed as the service "monitoring". */
  ownUrl: () => string;
  /** When a probe gives up, in seconds. */
  deadline: number;
}

/**
 * Probes start a few at a time, 500 in a second: all at once they would hold up a scrape, and each other's times. They
 * are not limited by how many are under way, so that silent services delay nobody.
 */
const BATCH = 5;
/** Milliseconds from one batch to the next. */
const PAUSE = 10;

/** Probes every service, each with a deadline of its own. */
export function servicesCollector({ targets, ownUrl, deadline }: ServicesOptions): Collector {
  let stopping = new AbortController();
  const batches = Math.ceil((targets.length + 1) / BATCH);
  return {
    name: "services",
    // Every probe ends by its own deadline; this one only guards against a mistake here.
    deadline: (deadline + 5) * 1000 + 2 * batches * PAUSE,
    async collect() {
      stopping = new AbortController();
      const { signal } = stopping;
      const all = [...targets, { name: OWN_SERVICE, url: `${ownUrl()}/-/healthy` }];
      const probes: Promise<Sample[]>[] = [];
      for (let begin = 0; begin < all.length; begin += BATCH) {
        if (begin > 0) await sleep(PAUSE, undefined, { signal });
        probes.push(...all.slice(begin, begin + BATCH).map((target) => probe(target, deadline, signal)));
      }
      return (await Promise.all(probes)).flat();
    },
    // A silent service would keep the process until its deadline.
    stop: () => stopping.abort(),
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
    { metric: "service_response_time_seconds", labels: { service: name }, value: seconds },
  ];
}

/** Ours, or fetch's own for connecting, which is 10 s whatever the deadline. */
function isTimeout(error: unknown): boolean {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  return name === "TimeoutError" || cause?.code === "UND_ERR_CONNECT_TIMEOUT";
}
