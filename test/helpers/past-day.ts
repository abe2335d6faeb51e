import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireTool } from "./servers.ts";

/** Seconds from one value to the next. */
const STEP = 60;
/** A little more than a day: what was a day ago is in it. */
const SPAN = 25 * 3600;

/** Values by the hours since midnight in Shanghai, which may have a fraction. */
type Course = (hour: number) => number;

/** A desk is busy from nine to six, less so at noon. */
const busy: Course = (hour) =>
  Math.exp(-(((hour - 10.5) / 1.9) ** 2)) + 0.9 * Math.exp(-(((hour - 15.5) / 2.2) ** 2)) + 0.04;
/** What looks like chance, and is the same each time. */
const ripple: Course = (hour) =>
  Math.sin(hour * 7.3) * 0.5 + Math.sin(hour * 17.9) * 0.4 + Math.sin(hour * 31) * 0.2;

const GAUGES: [series: string, course: Course][] = [
  ["system_cpu_usage_percent{JOB}", (hour) => 14 + 34 * busy(hour) + 4 * ripple(hour)],
  ["system_memory_usage_percent{JOB}", (hour) => 52 + 6 * busy(hour) + ripple(hour)],
  [
    'system_disk_usage_percent{JOB,mountpoint="/",device="/dev/sda1",fstype="ext4"}',
    (hour) => 40 + hour / 18,
  ],
  [
    'service_response_time_seconds{JOB,service="wecom_legal_service"}',
    (hour) => 0.2 + 0.5 * busy(hour) + 0.08 * ripple(hour),
  ],
  [
    'service_response_time_seconds{JOB,service="案件系统"}',
    (hour) => 0.35 + 0.2 * busy(hour) + 0.1 * ripple(hour + 3),
  ],
  ['wecom_daily_messages{JOB,day="today"}', (hour) => 17 * hour],
  ["instance:wecom_messages:increase5m{JOB}", (hour) => Math.max(0, 42 * busy(hour) + 4 * ripple(hour))],
  [
    "instance:wecom_messages_errors:increase5m{JOB}",
    (hour) => Math.max(0, 0.8 * busy(hour) + 0.6 * ripple(hour)),
  ],
  ...Object.entries({ HighCpuUsage: 80, HighMemoryUsage: 80, HighDiskUsage: 90, SlowServiceResponse: 5 }).map(
    ([alert, value]): [string, Course] => [`monitoring:threshold{alert="${alert}"}`, () => value],
  ),
];

/** What is added in each step to totals that began with 0. */
const TOTALS: [series: string, added: Course][] = [
  ["wecom_message_processing_seconds_count{JOB}", (hour) => 8 * busy(hour)],
  [
    "wecom_message_processing_seconds_sum{JOB}",
    (hour) => 8 * busy(hour) * (0.7 + 0.5 * busy(hour) + 0.1 * ripple(hour)),
  ],
  ...Object.entries({ "0.5": 0.3, "1": 0.7, "2.5": 0.97, "5": 1, "+Inf": 1 }).map(
    ([le, share]): [string, Course] => [
      `wecom_message_processing_seconds_bucket{JOB,le="${le}"}`,
      (hour) => 8 * busy(hour) * share ** (1 + 0.3 * busy(hour)),
    ],
  ),
];

/** Gives a Prometheus that has not started yet a day to look back on. @param instance the exporter's address */
export async function fillPastDay(dataDir: string, instance: string): Promise<void> {
  const promtool = await requireTool("prometheus");
  const file = join(dataDir, "past-day.txt");
  const end = Math.floor(Date.now() / 1000 / STEP) * STEP - STEP;
  const times = Array.from({ length: SPAN / STEP }, (_, index) => end - SPAN + (index + 1) * STEP);
  const labels = `job="wecom_legal_service",instance="${instance}"`;
  const gauges = GAUGES.flatMap(([series, course]) =>
    times.map((at) => `${series.replace("JOB", labels)} ${course(hourOf(at)).toFixed(3)} ${at}`),
  );
  const totals = TOTALS.flatMap(([series, added]) => {
    let total = 0;
    return times.map((at) => {
      total += added(hourOf(at));
      return `${series.replace("JOB", labels)} ${total.toFixed(3)} ${at}`;
    });
  });
  writeFileSync(file, `${[...gauges, ...totals].join("\n")}\n# EOF\n`);
  execFileSync(promtool, ["tsdb", "create-blocks-from", "openmetrics", file, join(dataDir, "prometheus")]);
}

/** @param at seconds since the epoch */
function hourOf(at: number): number {
  return (at / 3600 + 8) % 24;
}
