import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sample } from "../../exporter/collectors/collector.ts";
import { servicesCollector } from "../../exporter/collectors/services.ts";

/** What probing costs. */
export interface ProbingCost {
  services: number;
  /** Seconds of CPU for one round. */
  cpu: number;
  /** Seconds from the first probe of a round to the end of its last one. */
  duration: number;
  /** The longest that a scrape could have waited for the event loop, in milliseconds. */
  delay: number;
}

/** Seconds. */
const DEADLINE = 10;

/** Milliseconds between two looks at the event loop: it wakes the process each time, which costs CPU too. */
const RESOLUTION = 10;

/**
 * Runs the exporter's own collector against one server on loopback, in another process. Nothing else should run in
 * this process meanwhile: all of its work counts.
 */
export async function measureProbing(services: number, rounds = 5): Promise<ProbingCost> {
  const { server, url } = await startTarget();
  try {
    const targets = Array.from({ length: services }, (_, index) => ({ name: `service_${index}`, url }));
    const collector = servicesCollector({
      targets,
      ownUrl: () => url,
      deadline: DEADLINE,
      patience: DEADLINE,
    });
    await round(collector.collect, services);
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
    delay.enable();
    const before = process.cpuUsage();
    let duration = 0;
    for (let count = 0; count < rounds; count += 1) duration += await round(collector.collect, services);
    const { user, system } = process.cpuUsage(before);
    delay.disable();
    return {
      services,
      cpu: (user + system) / 1e6 / rounds,
      duration: duration / rounds,
      delay: delay.max / 1e6 - RESOLUTION,
    };
  } finally {
    server.kill();
  }
}

/**
 * @returns seconds
 * @throws if a probe failed: a failure is cheaper, and would flatter the figures
 */
async function round(collect: () => Promise<Sample[]>, services: number): Promise<number> {
  const begun = performance.now();
  const samples = await collect();
  const duration = (performance.now() - begun) / 1000;
  const up = samples.filter(({ metric, value }) => metric === "service_up" && value === 1);
  if (up.length !== services + 1) throw new Error(`${up.length} of ${services + 1} services are up`);
  // Connections close; a round does not begin in the work of the last one.
  await sleep(100);
  return duration;
}

/** A server in a process of its own. */
export async function startTarget(): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, [join(import.meta.dirname, "probe-target.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(server.stdout, "data")) as [Buffer];
  return { server, url: line.toString().trim() };
}
