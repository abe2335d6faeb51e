import type { Config } from "../../config/config.ts";
import type { Collector } from "./collector.ts";
import { cpuCollector } from "./cpu.ts";
import { diskCollector } from "./disk.ts";
import { memoryCollector } from "./memory.ts";
import { probeDeadline, servicesCollector } from "./services.ts";

/** Every collector there is. */
export function createCollectors(config: Config, hostRoot: string, ownUrl: () => string): Collector[] {
  return [
    cpuCollector(),
    memoryCollector(),
    diskCollector(hostRoot),
    servicesCollector({
      targets: config.services,
      ownUrl,
      deadline: probeDeadline(config.thresholds.responseTime),
      patience: 0.8 * config.collectInterval,
    }),
  ];
}
