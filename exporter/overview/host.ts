import { OWN_SERVICE } from "../../config/config.ts";
import type { Collecting } from "../collecting.ts";
import type { GaugeName } from "../collectors/collector.ts";

/** What this exporter has measured last; null and none is for what is not being measured. */
export interface Host {
  cpu: number | null;
  memory: number | null;
  /** The fullest first. */
  disks: { mountpoint: string; usage: number }[];
  /** Without the exporter's own. */
  services: Service[];
}

export interface Service {
  name: string;
  up: boolean;
  /** Seconds. */
  responseTime: number | null;
}

export function readHost(collecting: Collecting): Host {
  const first = (metric: GaugeName) => collecting.samples(metric)[0]?.value ?? null;
  const times = new Map(
    collecting.samples("service_response_time_seconds").map(({ labels, value }) => [labels?.service, value]),
  );
  return {
    cpu: first("system_cpu_usage_percent"),
    memory: first("system_memory_usage_percent"),
    disks: collecting
      .samples("system_disk_usage_percent")
      .map(({ labels, value }) => ({ mountpoint: labels?.mountpoint ?? "", usage: value }))
      .sort((one, other) => other.usage - one.usage),
    services: collecting
      .samples("service_up")
      .map(({ labels, value }) => ({
        name: labels?.service ?? "",
        up: value === 1,
        responseTime: times.get(labels?.service) ?? null,
      }))
      .filter(({ name }) => name !== OWN_SERVICE),
  };
}
