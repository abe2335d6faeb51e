import type { PartUrls } from "../../config/environment.ts";
import { type Html, html } from "../../service/html.ts";
import type { Overview } from "../overview/overview.ts";
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
import { START_ALL } from "./words.ts";

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
  ${links(urls)}
</header>
<main id="main" data-clock="${clock}" ${needsToken && html`data-needs-token`}>
  <div id="stale" class="verdict" role="alert" data-keep hidden>
    <h2>不知道现在是否正常</h2>
    <p><span id="stale-reason"></span>下面是 <time id="stale-clock"></time> 的情况。</p>
    <p>${START_ALL}打不开手机网络或 VPN 时也会这样。</p>
  </div>
  ${verdictSection(problems, overview, runbooks, format)}
  ${hostSection(overview)}
  ${businessSection(overview)}
  ${alertsSection({ overview, grafanaUrl: urls.grafana, runbooks, format })}
  ${partsSection(overview)}
  ${channelsSection(overview, format)}
  ${chartsSection(timezone)}
  ${controlsSection(overview.collecting)}
</main>
${dialogs()}`;
  return document({ title: `${sentence(problems)} · 系统监控`, body, root: "", scripts: true });
}

function links(urls: PageOptions["urls"]): Html {
  const all: [url: string, name: string][] = [
    [`${urls.grafana}/d/wecom-overview`, "仪表盘（Grafana）"],
    [urls.prometheus, "Prometheus"],
    [urls.alertmanager, "Alertmanager"],
    [`${urls.grafana}/alerting/silences?alertmanager=Alertmanager`, "静默"],
    ["metrics", "全部指标"],
  ];
  return html`<nav aria-label="其他页面"><ul class="links">${all.map(([url, name]) => html`<li><a href="${url}">${name}</a></li>`)}</ul></nav>`;
}
