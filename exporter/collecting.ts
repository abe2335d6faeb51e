import { Gauge, type Registry } from "prom-client";
import type { Logger } from "../service/logger.ts";
import {
  COLLECTED_GAUGES,
  type Collector,
  type GaugeName,
  PartialError,
  type Sample,
} from "./collectors/collector.ts";

/** Runs the collectors in the background, so that a scrape never waits for one. */
export interface Collecting {
  /** Starts the standing collectors alone. */
  open(): void;
  /** Starts the others. */
  start(): void;
  /** Stops those, and drops every sampled series: a frozen value would look like a measured one. */
  stop(): void;
  /** Stops all. */
  close(): void;
  readonly running: boolean;
  /** The newest samples of a metric; none while stopped or failing. */
  samples(metric: GaugeName): Sample[];
}

export interface CollectingOptions {
  collectors: Collector[];
  /** Seconds. */
  interval: number;
  registry: Registry;
  logger: Logger;
}

export function createCollecting({ collectors, interval, registry, logger }: CollectingOptions): Collecting {
  const latest = new Map<Collector, Sample[]>();
  /** Those that have not come back yet, late ones included: they are not asked again meanwhile. */
  const busy = new Set<Collector>();
  const standing = createTimers(collectors.filter((collector) => collector.standing));
  const stoppable = createTimers(collectors.filter((collector) => !collector.standing));

  const success = new Gauge({
    name: "monitoring_collector_success",
    help: "1 if the collector's last run succeeded, else 0.",
    labelNames: ["collector"],
    registers: [registry],
  });
  const duration = new Gauge({
    name: "monitoring_collector_duration_seconds",
    help: "Time the collector's last run took, in seconds.",
    labelNames: ["collector"],
    registers: [registry],
  });
  registerCollected(registry, samples);

  function samples(metric: GaugeName): Sample[] {
    return [...latest.values()].flat().filter((sample) => sample.metric === metric);
  }

  async function run(collector: Collector): Promise<void> {
    // A slow run goes on and keeps the last values; past its deadline it has been reported.
    if (busy.has(collector)) return;
    const timers = collector.standing ? standing : stoppable;
    const begunWith = timers.running;
    const begun = performance.now();
    const { samples, failure } = await outcomeOf(withDeadline(collector, busy));
    // Stopped, and perhaps started again, while it was under way.
    if (timers.running !== begunWith || begunWith === undefined) return;
    duration.set({ collector: collector.name }, (performance.now() - begun) / 1000);
    success.set({ collector: collector.name }, failure === undefined ? 1 : 0);
    latest.set(collector, samples);
    if (failure !== undefined) logger.warn({ collector: collector.name, err: failure }, "collector failed");
  }

  function stop(timers: Timers): void {
    for (const timer of timers.running ?? []) clearInterval(timer);
    timers.running = undefined;
    for (const collector of timers.collectors) {
      collector.stop?.();
      latest.delete(collector);
      success.remove({ collector: collector.name });
      duration.remove({ collector: collector.name });
    }
  }

  function start(timers: Timers): void {
    timers.running ??= timers.collectors.map((collector) => {
      setImmediate(run, collector);
      return setInterval(run, interval * 1000, collector);
    });
  }

  return {
    open: () => start(standing),
    start: () => start(stoppable),
    stop: () => stop(stoppable),
    close() {
      stop(stoppable);
      stop(standing);
    },
    get running() {
      return stoppable.running !== undefined;
    },
    samples,
  };
}

/** Collectors that start and stop together; `running` while they do. */
interface Timers {
  collectors: Collector[];
  running: NodeJS.Timeout[] | undefined;
}

function createTimers(collectors: Collector[]): Timers {
  return { collectors, running: undefined };
}

function registerCollected(registry: Registry, samples: (metric: GaugeName) => Sample[]): void {
  for (const [name, { help, labels }] of Object.entries(COLLECTED_GAUGES)) {
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        // A gauge without labels resets to 0; without a sample it must be absent.
        if (labels.length === 0) this.remove();
        else this.reset();
        for (const { labels: values = {}, value } of samples(name as GaugeName)) this.set(values, value);
      },
    });
  }
}

async function outcomeOf(run: Promise<Sample[]>): Promise<{ samples: Sample[]; failure?: unknown }> {
  try {
    return { samples: await run };
  } catch (failure) {
    return { samples: failure instanceof PartialError ? failure.samples : [], failure };
  }
}

async function withDeadline(collector: Collector, busy: Set<Collector>): Promise<Sample[]> {
  busy.add(collector);
  const collected = collector.collect().finally(() => busy.delete(collector));
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${collector.deadline} ms`)),
    collector.deadline,
  ).unref();
  try {
    return await Promise.race([collected, late.promise]);
  } finally {
    clearTimeout(timer);
    collected.catch(() => {});
  }
}
