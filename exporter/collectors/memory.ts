import { readFile } from "node:fs/promises";
import { platform } from "node:os";
import systeminformation from "systeminformation";
import type { Collector } from "./collector.ts";

/** What programs could still take, page cache included, counts as available. */
export function memoryCollector(): Collector {
  return {
    name: "memory",
    deadline: 5000,
    async collect() {
      const { available, total } =
        platform() === "linux"
          ? parseMeminfo(await readFile("/proc/meminfo", "utf8"))
          : await systeminformation.mem();
      return [{ metric: "system_memory_usage_percent", value: 100 * (1 - available / total) }];
    },
  };
}

/** In kibibytes. MemAvailable counts the page cache that can be given up (https://docs.kernel.org/filesystems/proc.html). */
export function parseMeminfo(meminfo: string): { available: number; total: number } {
  const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1]);
  return { available: kibibytes("MemAvailable"), total: kibibytes("MemTotal") };
}
