import { readFileSync } from "node:fs";
import { platform } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Collector } from "./collector.ts";
import { systeminformation } from "./elsewhere.ts";

/** A reading with no earlier one to compare with is taken twice, this many milliseconds apart. */
const FIRST_WINDOW = 250;

/** Time of all CPUs since boot, in ticks. */
interface CpuTimes {
  total: number;
  idle: number;
}

/** The busy share since the last run. @param readStat the text of /proc/stat */
export function cpuCollector(readStat: () => string = readProcStat): Collector {
  let previous: CpuTimes | undefined;

  async function linuxUsage(): Promise<number> {
    const begin = previous ?? (await openWindow());
    const current = parseCpuTimes(readStat());
    previous = current;
    const share = busyShare(begin, current);
    if (share !== undefined) return share;
    // A CPU was taken away: what it had counted is missing, and the time before cannot be told any more.
    const anew = await openWindow();
    previous = parseCpuTimes(readStat());
    return busyShare(anew, previous) ?? 0;
  }

  async function openWindow(): Promise<CpuTimes> {
    const begin = parseCpuTimes(readStat());
    await sleep(FIRST_WINDOW);
    return begin;
  }

  return {
    name: "cpu",
    deadline: 5000,
    async collect() {
      const usage = platform() === "linux" ? await linuxUsage() : await usageElsewhere();
      return [{ metric: "system_cpu_usage_percent", value: Math.min(100, Math.max(0, usage)) }];
    },
  };
}

async function usageElsewhere(): Promise<number> {
  const { currentLoad } = await systeminformation();
  return (await currentLoad()).currentLoad;
}

/** In the main thread: the kernel answers from its own memory; libuv's pool may be taken by look-ups of names. */
function readProcStat(): string {
  return readFileSync("/proc/stat", "utf8");
}

/**
 * @returns percent, or undefined where the counters went back. Idle and iowait go back each by itself, as the kernel
 * counts one wait now as the one and now as the other; their sum does not.
 */
function busyShare(from: CpuTimes, to: CpuTimes): number | undefined {
  const total = to.total - from.total;
  const idle = to.idle - from.idle;
  if (total < 0 || idle < 0) return undefined;
  return total > 0 ? (100 * (total - idle)) / total : 0;
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
