import { createReading, type Reading } from "./reading.ts";
import { createRecording, type Recording } from "./recording.ts";
import type { Timing } from "./sender.ts";
import { applyOptions, type MonitoringOptions, readEnvironment, type Settings } from "./settings.ts";
import { createTell, toMonitoringError } from "./tell.ts";

/** What the client needs of the outside, for tests to replace. */
export interface ClientParts {
  env: Record<string, string | undefined>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** From 0 to 1. */
  random: () => number;
  timing: Timing;
}

/** Nothing here throws, and no promise rejects: what goes wrong is told to onError. */
export interface MonitoringClient extends Omit<Reading, "switchMeasuring">, Omit<Recording, "retry"> {
  /**
   * Takes the options, then has the exporter measure hosts and services.
   * @returns whether it does now
   */
  startMonitoring(options?: MonitoringOptions): Promise<boolean>;
  /**
   * Flushes, then has the exporter stop measuring. Events can be recorded as before.
   * @returns whether it has stopped
   */
  stopMonitoring(): Promise<boolean>;
}

const TIMING: Timing = {
  interval: 1000,
  timeout: 10_000,
  firstRetry: 1000,
  longestRetry: 30_000,
  slowRetry: 60_000,
  exit: 5000,
};

/** Reports to one exporter, in the background. */
export function createMonitoringClient(parts: Partial<ClientParts> = {}): MonitoringClient {
  const { env = process.env, now = Date.now, random = Math.random, timing = TIMING } = parts;
  const initial = readEnvironment(env);
  let settings: Settings = initial.settings;
  const tell = createTell(() => settings.onError);
  const { switchMeasuring, ...reading } = createReading(() => settings, tell, timing.timeout);
  const { retry, ...recording } = createRecording({ settings: () => settings, tell, now, random, timing });
  // Not at once: the host may be about to say whom to tell.
  queueMicrotask(() => initial.problems.forEach(tell));
  return {
    ...reading,
    ...recording,
    async startMonitoring(options = {}) {
      try {
        const changed = applyOptions(settings, options);
        settings = changed.settings;
        changed.problems.forEach(tell);
      } catch (error) {
        tell(toMonitoringError(error));
      }
      retry();
      return switchMeasuring("start");
    },
    async stopMonitoring() {
      await recording.flush();
      return switchMeasuring("stop");
    },
  };
}
