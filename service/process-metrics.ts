import { Gauge, type Registry } from "prom-client";

/** What every service tells of its own process, under the name that Prometheus's own servers use. */
export function registerProcessMetrics(registry: Registry): void {
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of this process that is in RAM.",
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
}
