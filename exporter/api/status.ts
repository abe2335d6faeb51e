import type { Status } from "../../client/wire.ts";
import type { Config } from "../../config/config.ts";
import { OWN_SERVICE } from "../../config/config.ts";
import type { Clock } from "../../service/clock.ts";
import type { Collecting } from "../collecting.ts";
import type { GaugeName } from "../collectors/collector.ts";

/** The original guide's status object, key for key. */
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
