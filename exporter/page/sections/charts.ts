import { type Html, html } from "../../../service/html.ts";

/** Names as in browser/chart-lines.js, which says what each shows. */
const CHARTS: [name: string, title: string][] = [
  ["host", "CPU、内存、磁盘使用率（%）"],
  ["response", "服务响应时间（秒）"],
  ["messages", "每 5 分钟的消息与出错（条）"],
  ["processing", "消息处理耗时（秒）"],
];

/** @param timezone for the clock below the charts */
export function chartsSection(timezone: string): Html {
  return html`
<section class="wide" aria-labelledby="charts">
  <h2 id="charts">最近 24 小时</h2>
  <noscript><p>图表需要 JavaScript；数据在 <a href="api/dashboard?duration=24">/api/dashboard</a>。</p></noscript>
  <p id="charts-message" role="status" data-keep></p>
  <div class="charts" id="chart-grid" data-timezone="${timezone}" data-keep hidden>
    ${CHARTS.map(
      ([name, title]) => html`
    <figure data-chart="${name}"><figcaption>${title}</figcaption><div class="plot"></div><ul class="legend"></ul></figure>`,
    )}
  </div>
</section>`;
}
