// The charts of the last 24 hours, from /api/dashboard.

import { CHARTS, legendText, linesOf } from "./chart-lines.js";

/**
 * @import { Dashboard } from "../../../client/wire.ts"
 * @import { Chart, DrawnLine } from "./chart-lines.js"
 */

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
  const grid = document.getElementById("chart-grid");
  // Hidden where no script runs.
  if (grid) grid.hidden = false;
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
  const all = linesOf(chart, dashboard);
  const isEmpty = all.every(({ dashed }) => dashed);
  drawn.get(figure)?.destroy();
  drawn.delete(figure);
  fillLegend(figure, all, chart);
  place.textContent = isEmpty ? "还没有数据" : "";
  if (isEmpty) return;
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
function fillLegend(figure, series, chart) {
  const entries = series.map((line, index) => {
    const entry = document.createElement("li");
    entry.className = line.dashed ? "limit" : `series-${index % 8}`;
    entry.textContent = legendText(line, chart);
    return entry;
  });
  figure.querySelector(".legend")?.replaceChildren(...entries);
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
