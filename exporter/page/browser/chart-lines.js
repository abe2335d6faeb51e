// What each chart shows of /api/dashboard.

/** @import { Dashboard, DashboardSeries } from "../../../client/wire.ts" */

/**
 * @typedef {{ metric: string, name: (labels: Record<string, string>) => string }} Line
 * @typedef {{ label: string, values: (number | null)[], dashed: boolean }} DrawnLine
 * @typedef {{ lines: Line[], thresholds: Record<string, string>, unit: string, decimals: number, max?: number }} Chart
 */

/** At most this many lines a metric: those that were highest of the day. */
const MOST = 4;

/** @type {Record<string, Chart>} */
export const CHARTS = {
  host: {
    lines: [
      { metric: "system_cpu_usage_percent", name: () => "CPU" },
      { metric: "system_memory_usage_percent", name: () => "内存" },
      { metric: "system_disk_usage_percent", name: ({ mountpoint }) => `磁盘 ${mountpoint}` },
    ],
    thresholds: { HighCpuUsage: "CPU", HighMemoryUsage: "内存", HighDiskUsage: "磁盘" },
    unit: "%",
    decimals: 1,
    max: 100,
  },
  response: {
    lines: [{ metric: "service_response_time_seconds", name: ({ service }) => serviceName(service) }],
    thresholds: { SlowServiceResponse: "" },
    unit: " 秒",
    decimals: 3,
  },
  messages: {
    lines: [
      { metric: "wecom_messages_increase5m", name: () => "消息" },
      { metric: "wecom_messages_errors_increase5m", name: () => "出错" },
    ],
    thresholds: {},
    unit: " 条",
    decimals: 0,
  },
  processing: {
    lines: [
      { metric: "wecom_message_processing_seconds", name: () => "平均" },
      { metric: "wecom_message_processing_p95_seconds", name: () => "95% 的消息不超过" },
    ],
    thresholds: {},
    unit: " 秒",
    decimals: 2,
  },
};

/** @param {string | undefined} service */
function serviceName(service) {
  return service === "monitoring" ? "采集程序自己" : (service ?? "");
}

/**
 * Every line of a chart, the measured ones first.
 * @param {Chart} chart
 * @param {Dashboard} dashboard
 * @returns {DrawnLine[]}
 */
export function linesOf(chart, dashboard) {
  return [...measuredLines(chart, dashboard), ...thresholdLines(chart, dashboard)];
}

/**
 * @param {Chart} chart
 * @param {Dashboard} dashboard
 * @returns {DrawnLine[]}
 */
function measuredLines(chart, dashboard) {
  const lines = chart.lines.flatMap(({ metric, name }) => {
    const all = withoutOwn(dashboard.metrics[metric] ?? []);
    const isOneHost = new Set(all.map(({ labels }) => labels.instance)).size === 1;
    return (
      [...all]
        .sort((one, other) => highest(other) - highest(one))
        .slice(0, MOST)
        .map((series) => ({
          label: name(series.labels) + (isOneHost ? "" : `（${series.labels.instance}）`),
          values: onGrid(series, dashboard),
          dashed: false,
        }))
        // By name, so that a line keeps its colour whichever is higher.
        .sort((one, other) => one.label.localeCompare(other.label, "zh-CN"))
    );
  });
  /** @type {Map<string, DrawnLine>} */
  const byLabel = new Map();
  for (const line of lines) {
    // The same disk under another device, as after a reboot: one line.
    const known = byLabel.get(line.label)?.values;
    const values = line.values.map((value, index) => value ?? known?.[index] ?? null);
    byLabel.set(line.label, { ...line, values });
  }
  return [...byLabel.values()];
}

/**
 * The exporter's own answers say nothing of the services, where there are any.
 * @param {DashboardSeries[]} all
 */
function withoutOwn(all) {
  const others = all.filter(({ labels }) => labels.service !== "monitoring");
  return others.length > 0 ? others : all;
}

/** @param {DashboardSeries} series */
function highest({ points }) {
  return Math.max(0, ...points.map(([, value]) => value ?? 0));
}

/**
 * Equal thresholds are one line, named for all of them.
 * @param {Chart} chart
 * @param {Dashboard} dashboard
 * @returns {DrawnLine[]}
 */
function thresholdLines(chart, dashboard) {
  const lines = Object.entries(chart.thresholds).flatMap(([alert, name]) =>
    (dashboard.metrics.monitoring_threshold ?? [])
      .filter(({ labels }) => labels.alert === alert)
      .map((series) => ({ name, series })),
  );
  return [...Map.groupBy(lines, ({ series }) => last(series)).values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const names = [first, ...others].map(({ name }) => name);
    return [{ label: `${names.join("、")}阈值`, values: onGrid(first.series, dashboard), dashed: true }];
  });
}

/**
 * A line's name with its value now.
 * @param {DrawnLine} line
 * @param {Chart} chart
 */
export function legendText({ label, dashed, values }, { unit, decimals }) {
  const now = values.at(-1) ?? values.at(-2) ?? undefined;
  if (now === undefined) return `${label} 此刻没有`;
  // A threshold as the operator wrote it.
  const text = now.toLocaleString("zh-CN", { maximumFractionDigits: dashed ? 3 : decimals });
  return `${label} ${text}${unit}`;
}

/** @param {DashboardSeries} series */
function last({ points }) {
  return points.at(-1)?.[1] ?? Number.NEGATIVE_INFINITY;
}

/**
 * A value for each step, null where there is none: what was not measured is a gap, not a line across it.
 * @param {DashboardSeries} series
 * @param {Dashboard} dashboard
 */
function onGrid({ points }, { start, end, step }) {
  /** @type {(number | null)[]} */
  const values = new Array(Math.round((end - start) / step) + 1).fill(null);
  for (const [at, value] of points) values[Math.round((at - start) / step)] = value;
  return values;
}
