/**
 * What goes over the wire between the exporter and those who use it. The exporter's own API is typed with these, so
 * that the compiler holds both sides together. Types only: nothing of it is there when the code runs.
 */

/** How the system is. Figures that are not being measured are null. */
export interface Status {
  /** RFC 3339, in UTC. */
  timestamp: string;
  /** Whether hosts and services are being measured. */
  monitoring_enabled: boolean;
  /** "down" if any probed service is; "unknown" while nothing is measured. */
  service_status: "up" | "down" | "unknown";
  metrics_port: number;
  alert_enabled: boolean;
  /** Percent, as are the next two. */
  cpu_usage: number | null;
  memory_usage: number | null;
  /** Of the fullest disk. */
  disk_usage: number | null;
  /** Of the slowest service, in seconds; the exporter's own where no service is configured. */
  response_time: number | null;
}

/** One line of a chart. `value` is null where Prometheus has none (a division by zero). */
export interface DashboardSeries {
  labels: Record<string, string>;
  /** [seconds since the epoch, value] */
  points: [number, number | null][];
}

/** The last hours of every main metric; times in seconds. */
export interface Dashboard {
  /** Hours. */
  duration: number;
  start: number;
  end: number;
  /** Between two points. */
  step: number;
  /** By the metric's name; empty where there is no data. */
  metrics: Record<string, DashboardSeries[]>;
}

/** Alerts as the relay remembers them, newest first: labels, annotations, status, startsAt, endsAt, notifications. */
export interface AlertHistory {
  alerts: Record<string, unknown>[];
}

/** The newest value of one series. */
export interface MetricValue {
  labels: Record<string, string | number>;
  value: number;
}

/** All there is to know at this moment. */
export interface MonitoringData {
  status: Status;
  /** By the name that each is exposed with. */
  metrics: Record<string, MetricValue[]>;
  /** The latest 50; null says that nobody knows, as the relay does not answer. */
  alerts: AlertHistory["alerts"] | null;
}

/** One thing wrong with one event of a batch. */
export interface EventProblem {
  /** Its place in the batch, from 0. */
  index: number;
  /** The field, or "" for the event as a whole. */
  field: string;
  reason: string;
}

/** An event as POST /events takes it. */
export type WireEvent = { id: string; at: string } & (
  | { type: "message"; outcome: "ok" | "error"; duration_seconds?: number }
  | { type: "consultation" }
  | { type: "case" }
  | { type: "satisfaction"; score: number }
);
