import type { Collector, Sample } from "../../../exporter/collectors/collector.ts";

const disk = (mountpoint: string, device: string, value: number): Sample => ({
  metric: "system_disk_usage_percent",
  labels: { mountpoint, device, fstype: "ext4" },
  value,
});
const service = (service: string, up: number, seconds: number): Sample[] => [
  { metric: "service_up", labels: { service }, value: up },
  { metric: "service_response_time_seconds", labels: { service }, value: seconds },
];

/** The exporter's collectors by name, each with what it measures on a machine that never changes. */
export const fixedCollectors: Collector[] = [
  fixed("cpu", [{ metric: "system_cpu_usage_percent", value: 12.5 }]),
  fixed("memory", [{ metric: "system_memory_usage_percent", value: 58.1 }]),
  // Everything that a label's value has to be quoted for.
  fixed("disk", [disk("/", "/dev/sda1", 41.7), disk('/srv/案卷 "旧"\\\n', "/dev/sdb1", 93.25)]),
  fixed("services", [...service("案件系统", 0, 10), ...service("monitoring", 1, 0.002)]),
];

function fixed(name: string, samples: Sample[]): Collector {
  return { name, deadline: 5000, collect: async () => samples };
}
