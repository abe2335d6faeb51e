// The charts of the last 24 hours, from /api/dashboard.

/** @import { Dashboard, DashboardSeries } from "../../../client/wire.ts" */

/**
 * @typedef {{ metric: string, name: (labels: Record<string, string>) => string }} Line
 * @typedef {{ label: string, values: (number | null)[], dashed: boolean }} DrawnLine
 * @typedef {{ lines: Line[], thresholds: string[], unit: string, decimals: number, max?: number }} Chart
 */

/** At most this many lines a metric: those that are highest now. */
const MOST = 4;

/** @type {Record<string, Chart>} */
const CHARTS = {
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

/** @type {Map<Element, uPlot>} */
const drawn = new Map();
/** @type {Dashboard | undefined} */
let latest;

/** Fetches the data and draws every chart anew; says so where there is none. @returns whether there is any */
export async function drawCharts() {
  const message = document.getElementById("charts-message");
  try {
    const response = await fetch("api/dashboard?duration=24", { signal: AbortSignal.timeout(20_000) });
    if (!response.ok) throw new Error();
    latest = await response.json();
    if (message) message.textContent = "";
  } catch {
    if (message) message.textContent = "曲线取不到：Prometheus 或采集程序没有应答。";
    return false;
  }
  drawAll();
  return drawn.size > 0;
}

function drawAll() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const chart = CHARTS[figure.getAttribute("data-chart") ?? ""];
    if (chart !== undefined && latest !== undefined) draw(figure, chart, latest);
  }
}

/**
 * @param {Element} figure
 * @param {Chart} chart
 * @param {Dashboard} dashboard
 */
function draw(figure, chart, dashboard) {
  const place = figure.querySelector(".plot");
  if (!(place instanceof HTMLElement)) return;
  const measured = measuredLines(chart, dashboard);
  const all = [...measured, ...thresholdLines(chart, dashboard)];
  drawn.get(figure)?.destroy();
  drawn.delete(figure);
  fillLegend(figure, all, chart);
  place.textContent = measured.length === 0 ? "还没有数据" : "";
  if (measured.length === 0) return;
  // A new stack's first hour would be a dot at the edge of a day.
  const begin = Math.max(
    0,
    Math.min(...all.map(firstValue), Math.ceil((dashboard.end - dashboard.start - HOUR) / dashboard.step)),
  );
  const values = all.map((line) => line.values.slice(begin));
  const times = values[0]?.map((_, index) => dashboard.start + (begin + index) * dashboard.step) ?? [];
  drawn.set(figure, new uPlot(options(place, all, chart), [times, ...values], place));
}

/** Seconds. */
const HOUR = 3600;

/** @param {DrawnLine} line */
function firstValue({ values }) {
  const first = values.findIndex((value) => value !== null);
  return first === -1 ? values.length : first;
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
  return [...byLabel.values()];
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

/**
 * @param {HTMLElement} place
 * @param {DrawnLine[]} series
 * @param {Chart} chart
 * @returns {uPlot.Options}
 */
function options(place, series, { decimals, max }) {
  const style = getComputedStyle(place);
  const timezone = document.getElementById("chart-grid")?.dataset.timezone ?? "Asia/Shanghai";
  const clock = new Intl.DateTimeFormat("zh-CN", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });
  const axis = {
    stroke: style.getPropertyValue("--quiet"),
    grid: { stroke: style.getPropertyValue("--line"), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  return {
    width: place.clientWidth,
    height: 180,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timezone),
    scales: { y: { range: (_plot, _low, high) => [0, max ?? Math.max(high * 1.1, 10 ** -decimals)] } },
    axes: [
      { ...axis, size: 28, values: (_plot, splits) => splits.map((seconds) => clock.format(seconds * 1000)) },
      { ...axis, size: 48 },
    ],
    series: [
      {},
      ...series.map(({ label, dashed, values }, index) => ({
        label,
        stroke: style.getPropertyValue(dashed ? "--limit" : `--series-${index % 8}`),
        width: 1.5,
        // Few points, or one between two gaps, would be no line.
        points: { show: !dashed && values.filter((value) => value !== null).length < 30, size: 4 },
        ...(dashed && { dash: [6, 4] }),
      })),
    ],
  };
}

/**
 * @param {Element} figure
 * @param {DrawnLine[]} series
 * @param {Chart} chart
 */
function fillLegend(figure, series, { unit, decimals }) {
  const entries = series.map(({ label, dashed, values }, index) => {
    const entry = document.createElement("li");
    entry.className = dashed ? "limit" : `series-${index % 8}`;
    const now = values.at(-1) ?? values.at(-2);
    const text =
      now === undefined || now === null ? "此刻没有" : `${format(now, dashed ? 0 : decimals)}${unit}`;
    entry.textContent = `${label} ${text}`;
    return entry;
  });
  figure.querySelector(".legend")?.replaceChildren(...entries);
}

/**
 * @param {number} value
 * @param {number} decimals
 */
function format(value, decimals) {
  return value.toLocaleString("zh-CN", {
    maximumFractionDigits: Math.max(decimals, value % 1 === 0 ? 0 : 1),
  });
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

let width = innerWidth;
addEventListener("resize", () => {
  // A phone's address bar changes the height alone.
  if (innerWidth === width) return;
  width = innerWidth;
  for (const [figure, plot] of drawn) {
    plot.setSize({ width: figure.querySelector(".plot")?.clientWidth ?? plot.width, height: plot.height });
  }
});
