import type { PartUrls } from "../../config/environment.ts";
import { type Html, html } from "../../service/html.ts";
import type { Overview } from "../overview/overview.ts";
import { START_ALL } from "../words.ts";
import { document } from "./document.ts";
import { createFormat } from "./format.ts";
import { findProblems } from "./problems.ts";
import type { Runbooks } from "./runbooks.ts";
import { alertsSection } from "./sections/alerts.ts";
import { businessSection } from "./sections/business.ts";
import { channelsSection } from "./sections/channels.ts";
import { chartsSection } from "./sections/charts.ts";
import { controlsSection, dialogs } from "./sections/controls.ts";
import { hostSection } from "./sections/host.ts";
import { partsSection } from "./sections/parts.ts";
import { sentence, verdictSection } from "./sections/verdict.ts";

export interface PageOptions {
  overview: Overview;
  urls: Omit<PartUrls, "relay">;
  timezone: string;
  runbooks: Runbooks;
  /** Whether writes need one. */
  needsToken: boolean;
}

/** The management page, complete as it is; browser/page.js fetches it again and again and changes what has changed. */
export function managementPage({ overview, urls, timezone, runbooks, needsToken }: PageOptions): string {
  const format = createFormat(timezone, overview.at);
  const problems = findProblems(overview);
  const clock = format.clock(overview.at);
  const body = html`
<a class="skip" href="#main">跳到内容</a>
<header class="top">
  <h1>法律客服系统监控</h1>
  <p class="quiet">${clock} 的情况<noscript>，每 30 秒刷新</noscript></p>
</header>
<main id="main" data-clock="${clock}" ${needsToken && html`data-needs-token`}>
  <div id="stale" class="verdict warning" role="alert" data-keep hidden>
    <h2 class="sentence">不知道现在是否正常</h2>
    <p><span id="stale-reason"></span>下面是 <time id="stale-clock"></time> 的情况。</p>
    <p>${START_ALL}这台设备没有连上网络或 VPN 时也会这样。</p>
  </div>
  ${verdictSection(problems, overview, runbooks, format)}
  ${hostSection(overview)}
  ${businessSection(overview)}
  ${alertsSection({ overview, grafanaUrl: urls.grafana, runbooks, format })}
  ${partsSection(overview)}
  ${channelsSection(overview, format)}
  ${chartsSection(timezone)}
  ${controlsSection(overview.collecting)}
  ${links(urls, overview)}
</main>
${dialogs()}`;
  return document({ title: `${sentence(problems)} · 系统监控`, body, root: "", scripts: true });
}

/** Only what answers is led to. */
function links({ grafana, prometheus, alertmanager }: PageOptions["urls"], overview: Overview): Html {
  const { judgement, muted, grafana: dashboards } = overview;
  const all: [url: string, name: string, use: string, answers: boolean][] = [
    [`${grafana}/d/wecom-overview`, "Grafana 仪表盘", "看趋势，查任意时段", dashboards.known],
    [
      `${grafana}/alerting/silences?alertmanager=Alertmanager`,
      "静默",
      "暂时不收某个告警",
      dashboards.known && muted.known,
    ],
    [prometheus, "Prometheus", "全部数据与告警规则", judgement.known],
    [alertmanager, "Alertmanager", "告警怎样合并、发给谁", muted.known],
    ["metrics", "全部指标", "采集程序现在的每个数值", true],
  ];
  return html`
<section aria-labelledby="links">
  <h2 id="links">其他页面</h2>
  <nav aria-labelledby="links"><ul class="rows">${all.map(([url, name, use, answers]) =>
    answers
      ? html`<li><a class="name" href="${url}">${name}</a> <span class="quiet">${use}</span></li>`
      : html`<li><span class="name">${name}</span> <span class="quiet">现在打不开</span></li>`,
  )}</ul></nav>
</section>`;
}
