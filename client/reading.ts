import { ask, isRecord, type Question, toError } from "./request.ts";
import type { Settings } from "./settings.ts";
import { type Tell, toMonitoringError } from "./tell.ts";
import type { Dashboard, MonitoringData, Status } from "./wire.ts";

/** Questions to the exporter. Each resolves to undefined, and onError is told why, where there is no good answer. */
export interface Reading {
  getSystemStatus(): Promise<Status | undefined>;
  getMonitoringData(): Promise<MonitoringData | undefined>;
  /** @param options duration: whole hours back from now, 1 to 744, default 24 */
  getDashboardData(options?: { duration?: number | undefined }): Promise<Dashboard | undefined>;
  /** Has it measure, or no longer. @returns whether it does as it was told */
  switchMeasuring(action: "start" | "stop"): Promise<boolean>;
}

/**
 * @param settings read each time
 * @param timeout milliseconds
 */
export function createReading(settings: () => Settings, tell: Tell, timeout: number): Reading {
  async function read<T>(
    question: () => Omit<Question, "timeout">,
    ...fields: (keyof T & string)[]
  ): Promise<T | undefined> {
    try {
      const asked = settings();
      const answer = await ask(asked, { ...question(), timeout });
      const { status, body } = answer;
      if (status === 200 && isRecord(body) && fields.every((field) => field in body)) return body as T;
      tell(toError(asked, answer));
    } catch (error) {
      tell(toMonitoringError(error));
    }
    return undefined;
  }

  return {
    getSystemStatus: () =>
      read<Status>(() => ({ method: "GET", path: "/api/status" }), "timestamp", "service_status"),
    getMonitoringData: () =>
      read<MonitoringData>(() => ({ method: "GET", path: "/api/monitoring" }), "status", "metrics", "alerts"),
    getDashboardData: (options = {}) =>
      read<Dashboard>(() => {
        const query = new URLSearchParams({ duration: String(options.duration ?? 24) });
        return { method: "GET", path: `/api/dashboard?${query}` };
      }, "metrics"),
    async switchMeasuring(action) {
      const question = { method: "POST", path: `/api/monitoring/${action}` } as const;
      const answer = await read<Pick<Status, "monitoring_enabled">>(() => question, "monitoring_enabled");
      return answer?.monitoring_enabled === (action === "start");
    },
  };
}
