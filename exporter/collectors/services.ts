import { OWN_SERVICE, type ServiceTarget } from "../../config/config.ts";
import type { Collector, Sample } from "./collector.ts";

export interface ServicesOptions {
  targets: ServiceTarget[];
  /** The exporter's own address, probed as the service "monitoring". */
  ownUrl: () => string;
  /** When a probe gives up, in seconds. */
  deadline: number;
}

/** Probes every service at the same time. */
export function servicesCollector({ targets, ownUrl, deadline }: ServicesOptions): Collector {
  return {
    name: "services",
    // Every probe ends by its own deadline; this one only guards against a mistake here.
    deadline: (deadline + 5) * 1000,
    async collect() {
      const all = [...targets, { name: OWN_SERVICE, url: `${ownUrl()}/-/healthy` }];
      return (await Promise.all(all.map((target) => probe(target, deadline)))).flat();
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
async function probe({ name, url }: ServiceTarget, deadline: number): Promise<Sample[]> {
  const begun = performance.now();
  let up = false;
  let late = false;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(deadline * 1000) });
    up = response.status < 400;
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
