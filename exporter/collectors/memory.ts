import { readFileSync } from "node:fs";
import { platform } from "node:os";
import type { Collector } from "./collector.ts";
import { systeminformation } from "./elsewhere.ts";

/** What programs could still take, page cache included, counts as available. */
export function memoryCollector(): Collector {
  return {
    name: "memory",
    deadline: 5000,
    async collect() {
      // In the main thread: the kernel answers from its own memory; libuv's pool may be taken by look-ups of names.
      const { available, total } =
        platform() === "linux"
          ? parseMeminfo(readFileSync("/proc/meminfo", "utf8"))
          : await (await systeminformation()).mem();
      return [{ metric: "system_memory_usage_percent", value: 100 * (1 - available / total) }];
    },
  };
}

/**
 * In kibibytes. MemAvailable counts the page cache that can be given up; it is the host's, in a container too.
 * @param meminfo /proc/meminfo (https://docs.kernel.org/filesystems/proc.html)
 * @throws where a field is missing, as MemAvailable is before Linux 3.14
 */
export function parseMeminfo(meminfo: string): { available: number; total: number } {
  const kibibytes = (field: string) => {
    const [, value] = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(meminfo) ?? [];
    if (value === undefined) throw new Error(`/proc/meminfo has no ${field}`);
    return Number(value);
  };
  return { available: kibibytes("MemAvailable"), total: kibibytes("MemTotal") };
}
