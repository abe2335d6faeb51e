import type { PartUrls } from "../../../config/environment.ts";
import { type Html, html } from "../../../service/html.ts";
import type { Answer } from "../../overview/answer.ts";
import type { Overview } from "../../overview/overview.ts";
import { collectorTitle, PARTS, START_ALL } from "../../words.ts";
import { badge } from "./badge.ts";

/** How each part of the monitoring itself is, and what to do where it is not right. */
export function partsSection(overview: Overview): Html {
  const { judgement, muted, telling, grafana } = overview;
  return html`
<section aria-labelledby="parts">
  <h2 id="parts">监控系统自身</h2>
  <ul class="rows">
    ${exporterRow(overview)}
    ${row("prometheus", judgement)}
    ${row("alertmanager", muted)}
    ${row("relay", telling)}
    ${row("grafana", grafana)}
  </ul>
</section>`;
}

/** It serves this page, so it runs. */
function exporterRow({ collecting, failing }: Overview): Html {
  const { title, use } = PARTS.exporter;
  const state =
    failing.length > 0
      ? html`${badge("warning", "不完整")} <span class="quiet">取不到：${failing.map(collectorTitle).join("、")}，原因看采集程序的日志</span>`
      : collecting
        ? html`${badge("good", "正常")} <span class="quiet">${use}</span>`
        : html`${badge("warning", "监控已停止")} <span class="quiet">只接收业务事件</span>`;
  return html`<li><span class="name">${title}</span> ${state}</li>`;
}

function row(part: keyof PartUrls, answer: Answer<unknown>): Html {
  const { title, use, without } = PARTS[part];
  if (answer.known) {
    return html`<li><span class="name">${title}</span> ${badge("good", "正常")} <span class="quiet">${use}</span></li>`;
  }
  return html`
    <li><span class="name">${title}</span> ${badge(part === "grafana" ? "notice" : "critical", "没有应答")}
      <span>${answer.reason}。${without}。${START_ALL}还不行就看日志：本机方式 <code>tail -n 50 .stack/logs/${part}.log</code>，系统服务 <code>sudo journalctl -u wecom-monitoring-${part} -n 50 --no-pager</code>，Docker <code>docker compose logs --tail 50 ${part}</code></span></li>`;
}
