import { duration } from "../../../service/duration.ts";
import { type Html, html } from "../../../service/html.ts";
import type { Alert } from "../../overview/alerts.ts";
import type { Overview } from "../../overview/overview.ts";
import { LEVEL_NAMES, levelOf } from "../../words.ts";
import type { Format } from "../format.ts";
import { titleOf } from "../problems.ts";
import type { Runbooks } from "../runbooks.ts";
import { badge } from "./badge.ts";
import { tellingOf } from "./telling.ts";

export interface AlertsOptions {
  overview: Overview;
  grafanaUrl: string;
  runbooks: Runbooks;
  format: Format;
}

/** Those that go on, then those that are over, each with how it was told. What to do about them is said above. */
export function alertsSection({ overview, grafanaUrl, runbooks, format }: AlertsOptions): Html {
  const { firing, doubtful, recent, ending } = overview.alerts;
  return html`
<section aria-labelledby="alerts">
  <h2 id="alerts">告警</h2>
  <h3>正在发生${firing.length > 0 && `（${firing.length}）`}</h3>
  ${doubtful && html`<p>Prometheus 没有应答：现在有哪些告警不知道${overview.telling.known && "，下面是告警转发最后知道的"}。</p>`}
  ${firing.length === 0 && html`<p class="quiet">${doubtful ? "未知" : "没有"}</p>`}
  <ul class="alerts">${firing.map(
    (alert) => html`
    <li class="alert">
      <h4>${badge(levelOf(alert.labels.severity), LEVEL_NAMES[levelOf(alert.labels.severity)])} ${titleOf(alert)}</h4>
      <p class="quiet">${format.moment(alert.startsAt)} 开始，已持续 ${span(overview.at - alert.startsAt)}</p>
      ${tellingOf(alert, format)}
      <p class="links">${runbookLink(alert, runbooks)} ${
        overview.grafana.known
          ? html`<a href="${silenceUrl(grafanaUrl, alert)}">静默</a>`
          : html`<span class="quiet">静默要用命令：使用指南第 7.5 节</span>`
      }</p>
    </li>`,
  )}</ul>
  <h3>最近恢复的</h3>
  ${recent === undefined && html`<p>未知：告警转发没有应答，历史取不到。</p>`}
  ${recent?.length === 0 && ending.length === 0 && html`<p class="quiet">没有</p>`}
  <ul class="alerts">${[...ending, ...(recent ?? [])].map((alert) => over(alert, runbooks, format))}</ul>
</section>`;
}

function over(alert: Alert, runbooks: Runbooks, format: Format): Html {
  const { startsAt, endsAt } = alert;
  return html`
    <li class="alert over">
      <h4>${endsAt === undefined ? badge("notice", "刚刚恢复") : badge("good", "已恢复")} ${titleOf(alert)}</h4>
      <p class="quiet">${
        endsAt === undefined
          ? `${format.moment(startsAt)} 开始；Prometheus 已不再告警，恢复的通知还没有发`
          : `${format.moment(startsAt)} 至 ${format.moment(endsAt)}，持续 ${duration(endsAt - startsAt)}`
      }</p>
      ${alert.annotations.doubt && html`<p>注意：${alert.annotations.doubt}</p>`}
      ${tellingOf(alert, format)}
      <p class="links">${runbookLink(alert, runbooks)}</p>
    </li>`;
}

/** Whole minutes: seconds would change with every look. */
function span(milliseconds: number): string {
  return milliseconds < 60_000 ? "不到 1 分" : duration(Math.floor(milliseconds / 60_000) * 60_000);
}

/** Only our own pages: where an annotation leads is anybody's. */
function runbookLink({ labels }: Alert, runbooks: Runbooks): Html | false {
  const name = labels.alertname ?? "";
  return runbooks.has(name) && html`<a href="runbooks/${name}">处理手册</a>`;
}

/** Grafana's form for a new silence, filled in: Debian's Alertmanager has none. */
function silenceUrl(grafanaUrl: string, { labels }: Alert): string {
  const query = new URLSearchParams([
    ["alertmanager", "Alertmanager"],
    ...Object.entries(labels).map(([name, value]) => ["matcher", `${name}=${value}`]),
  ]);
  return `${grafanaUrl}/alerting/silence/new?${query}`;
}
