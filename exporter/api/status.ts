import type { Config } from "../../config/config.ts";
import { OWN_SERVICE } from "../../config/config.ts";
import type { Clock } from "../../service/clock.ts";
import type { Collecting } from "../collecting.ts";
import type { GaugeName } from "../collectors/collector.ts";

/** The original guide's status object, key for key. Figures that are not being measured are null. */
export interface Status {
  timestamp: string;
  monitoring_enabled: boolean;
  /** "down" if any probed service is. */
  service_status: "up" | "down" | "unknown";
  metrics_port: number;
  alert_enabled: boolean;
  cpu_usage: number | null;
  memory_usage: number | null;
  /** Of the fullest disk. */
  disk_usage: number | null;
  /** Of the slowest service, in seconds; the exporter's own where no service is configured. */
  response_time: number | null;
}

export function readStatus(config: Config, collecting: Collecting, clock: Clock): Status {
  return {
    timestamp: new Date(clock.now()).toISOString(),
    monitoring_enabled: collecting.running,
    service_status: serviceStatus(collecting),
    metrics_port: config.metricsPort,
    alert_enabled: config.alertEnabled,
    cpu_usage: highest(collecting, "system_cpu_usage_percent", 1),
    memory_usage: highest(collecting, "system_memory_usage_percent", 1),
    disk_usage: highest(collecting, "system_disk_usage_percent", 1),
    response_time: highest(collecting, "service_response_time_seconds", 3),
  };
}

function serviceStatus(collecting: Collecting): Status["service_status"] {
  const samples = collecting.samples("service_up");
  if (samples.length === 0) return "unknown";
  return samples.every(({ value }) => value === 1) ? "up" : "down";
}

function highest(collecting: Collecting, metric: GaugeName, decimals: number): number | null {
  const samples = collecting.samples(metric);
  const others = samples.filter(({ labels }) => labels?.service !== OWN_SERVICE);
  const values = (others.length > 0 ? others : samples).map(({ value }) => value);
  return values.length > 0 ? Number(Math.max(...values).toFixed(decimals)) : null;
}
