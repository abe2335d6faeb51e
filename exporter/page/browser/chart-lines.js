// What each chart shows of /api/dashboard.

/** @import { Dashboard, DashboardSeries } from "../../../client/wire.ts" */

/**
 * @typedef {{ metric: string, name: (labels: Record<string, string>) => string }} Line
 * @typedef {{ label: string, values: (number | null)[], dashed: boolean }} DrawnLine
 * @typedef {{ lines: Line[], thresholds: string[], unit: string, decimals: number, max?: number }} Chart
 */

/** At most this many lines a metric: those that are highest now. */
const MOST = 4;

/** @type {Record<string, Chart>} */
export const CHARTS = {
  host: {
    lines: [
      { metric: "system_cpu_usage_percent", name: () => "CPU" },
      { metric: "system_memory_usage_percent", name: () => "内存" },
      { metric: "system_disk_usage_percent", name: ({ mountpoint }) => `磁盘 ${mountpoint}` },
    ],
    thresholds: ["HighCpuUsage", "HighMemoryUsage", "HighDiskUsage"],
    unit: "%",
    decimals: 1,
    max: 100,
  },
  response: {
    lines: [{ metric: "service_response_time_seconds", name: ({ service }) => serviceName(service) }],
    thresholds: ["SlowServiceResponse"],
    unit: " 秒",
    decimals: 3,
  },
  messages: {
    lines: [
      { metric: "wecom_messages_increase5m", name: () => "消息" },
      { metric: "wecom_messages_errors_increase5m", name: () => "出错" },
    ],
    thresholds: [],
    unit: " 条",
    decimals: 0,
  },
  processing: {
    lines: [
      { metric: "wecom_message_processing_seconds", name: () => "平均" },
      { metric: "wecom_message_processing_p95_seconds", name: () => "95% 的消息不超过" },
    ],
    thresholds: [],
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
    const all = dashboard.metrics[metric] ?? [];
    const highest = [...all].sort((one, other) => last(other) - last(one)).slice(0, MOST);
    const isOneHost = new Set(all.map(({ labels }) => labels.instance)).size === 1;
    return highest.map((series) => ({
      label: name(series.labels) + (isOneHost ? "" : `（${series.labels.instance}）`),
      values: onGrid(series, dashboard),
      dashed: false,
    }));
  });
  /** @type {Map<string, DrawnLine>} */
  const byLabel = new Map();
  for (const line of lines) {
    // The same disk under another device, as after a reboot: one line.
    const known = byLabel.get(line.label)?.values;
    const values = line.values.map((value, index) => value ?? known?.[index] ?? null);
    byLabel.set(line.label, { ...line, values });
  }
  // By name, so that a line keeps its colour whichever is highest.
  return chart.lines.length > 1
    ? [...byLabel.values()]
    : [...byLabel.values()].sort((one, other) => one.label.localeCompare(other.label));
}

/**
 * Equal thresholds are one line.
 * @param {Chart} chart
 * @param {Dashboard} dashboard
 * @returns {DrawnLine[]}
 */
function thresholdLines(chart, dashboard) {
  const all = (dashboard.metrics.monitoring_threshold ?? []).filter(({ labels }) =>
    chart.thresholds.includes(labels.alert ?? ""),
  );
  return all
    .filter((series, index) => all.findIndex((other) => last(other) === last(series)) === index)
    .map((series) => ({ label: "阈值", values: onGrid(series, dashboard), dashed: true }));
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
