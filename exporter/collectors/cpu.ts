import { readFile } from "node:fs/promises";
import { platform } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import systeminformation from "systeminformation";
import type { Collector } from "./collector.ts";

/** The first reading has no earlier one to compare with, so it takes two, this many milliseconds apart. */
const FIRST_WINDOW = 250;

/** Time of all CPUs since boot, in ticks. */
interface CpuTimes {
  total: number;
  idle: number;
}

export function cpuCollector(): Collector {
  let previous: CpuTimes | undefined;

  async function linuxUsage(): Promise<number> {
    if (previous === undefined) {
      previous = parseCpuTimes(await readFile("/proc/stat", "utf8"));
      await sleep(FIRST_WINDOW);
    }
    const current = parseCpuTimes(await readFile("/proc/stat", "utf8"));
    const total = current.total - previous.total;
    const busy = total - (current.idle - previous.idle);
    previous = current;
    return total > 0 ? (100 * busy) / total : 0;
  }

  return {
    name: "cpu",
    deadline: 5000,
    async collect() {
      const usage =
        platform() === "linux" ? await linuxUsage() : (await systeminformation.currentLoad()).currentLoad;
      return [{ metric: "system_cpu_usage_percent", value: Math.min(100, Math.max(0, usage)) }];
    },
  };
}

/**
 * The first line of /proc/stat (https://docs.kernel.org/filesystems/proc.html): user nice system idle iowait irq
 * softirq steal guest guest_nice. Guest time is part of user already. systeminformation leaves iowait and steal out.
 */
export function parseCpuTimes(stat: string): CpuTimes {
  const ticks = stat.slice(0, stat.indexOf("\n")).trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, iowait = 0] = ticks;
  return { total: ticks.reduce((sum, value) => sum + value, 0), idle: idle + iowait };
}
