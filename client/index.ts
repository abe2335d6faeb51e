/**
 * Reports to the monitoring, and reads from it: one client for the whole process, made when it is first used.
 *
 * Nothing here throws and no promise rejects; what goes wrong is told to the option `onError`. Events are sent in the
 * background, once a second, oldest first; each has an id, so that one that had to be sent again counts once. What
 * waits is lost if the process is killed, or calls process.exit(): `await flush()` before.
 */
import { createMonitoringClient, type MonitoringClient } from "./client.ts";
import type { EventDetails, Message, Satisfaction } from "./event.ts";
import type { MonitoringOptions } from "./settings.ts";
import type { Dashboard, MonitoringData, Status } from "./wire.ts";

export { MonitoringError, type MonitoringErrorKind } from "./error.ts";
export type {
  AlertHistory,
  Dashboard,
  DashboardSeries,
  MetricValue,
  MonitoringData,
  Status,
} from "./wire.ts";
export type { EventDetails, Message, MonitoringOptions, Satisfaction };

let client: MonitoringClient | undefined;

/** Not on import: the environment may be read from a file after that. */
function shared(): MonitoringClient {
  if (client === undefined) {
    const made = createMonitoringClient();
    client = made;
    process.on("beforeExit", () => void made.sendBeforeExit());
  }
  return client;
}

/**
 * Takes the options (also for what waits already), then has the exporter measure hosts and services.
 * Recording needs no start.
 * @returns whether it measures now
 */
export function startMonitoring(options?: MonitoringOptions): Promise<boolean> {
  return shared().startMonitoring(options);
}

/**
 * Waits until what was recorded is on disk, at most 10 s, then has the exporter stop measuring hosts and services,
 * for everybody. Events can be recorded as before.
 * @returns whether it has stopped
 */
export function stopMonitoring(): Promise<boolean> {
  return shared().stopMonitoring();
}

export const systemMonitor = {
  /** @returns undefined where the exporter does not answer */
  getSystemStatus(): Promise<Status | undefined> {
    return shared().getSystemStatus();
  },
  /** @returns the status, the newest value of every metric and the latest alerts; undefined as above */
  getMonitoringData(): Promise<MonitoringData | undefined> {
    return shared().getMonitoringData();
  },
};

/**
 * The course of every main metric.
 * @param options duration: whole hours back from now, 1 to 744, default 24
 * @returns undefined where the exporter or Prometheus does not answer
 */
export function getDashboardData(options?: {
  duration?: number | undefined;
}): Promise<Dashboard | undefined> {
  return shared().getDashboardData(options);
}

/** A message was handled; `error` where that failed. */
export function recordMessage(message: Message): void {
  shared().recordMessage(message);
}

/** A consultation began. */
export function recordConsultation(details?: EventDetails): void {
  shared().recordConsultation(details);
}

/** A case was opened. */
export function recordCase(details?: EventDetails): void {
  shared().recordCase(details);
}

/** A client gave a score. */
export function recordSatisfaction(satisfaction: Satisfaction): void {
  shared().recordSatisfaction(satisfaction);
}

/**
 * Waits until all that was recorded so far is on the exporter's disk (or was refused, which onError is told).
 * @param options timeoutSeconds: 0 to 3600, default 10
 * @returns false where that took too long; the events go on waiting
 */
export function flush(options?: { timeoutSeconds?: number | undefined }): Promise<boolean> {
  return shared().flush(options);
}
