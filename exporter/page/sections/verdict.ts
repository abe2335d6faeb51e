import { type Html, html } from "../../../service/html.ts";
import type { Overview } from "../../overview/overview.ts";
import { channelWords, LEVEL_NAMES, LEVELS } from "../../words.ts";
import type { Format } from "../format.ts";
import type { Problem } from "../problems.ts";
import { type Runbooks, remedyOf } from "../runbooks.ts";
import { badge } from "./badge.ts";

/** How many problems are shown in full; the rest stands among the alerts. */
const MOST = 8;

/** Whether all is right, in one sentence, and if not, what is to be done, the worst first. */
export function verdictSection(
  problems: Problem[],
  overview: Overview,
  runbooks: Runbooks,
  format: Format,
): Html {
  const shown = problems.slice(0, MOST);
  const rest = problems.length - shown.length;
  return html`
<section class="verdict ${problems[0]?.level ?? "good"}" aria-labelledby="verdict">
  <div role="status"><h2 id="verdict" class="sentence">${sentence(problems)}</h2></div>
  ${problems.length === 0 && html`<p>${whoHears(overview)}</p>`}
  ${
    problems.length > 0 &&
    html`<ol class="problems">${shown.map((problem, index) => item(problem, index === 0, runbooks, format))}</ol>`
  }
  ${rest > 0 && html`<p>还有 ${rest} 项，见下面的<a href="#alerts">告警</a>。</p>`}
</section>`;
}

/** For example 1 个严重问题、2 个警告. */
export function sentence(problems: Problem[]): string {
  const counts = LEVELS.map((level) => problems.filter((problem) => problem.level === level).length);
  const [critical = 0, warnings = 0, notices = 0] = counts;
  if (critical + warnings === 0) return notices === 0 ? "一切正常" : `没有告警，有 ${notices} 件事要留意`;
  const parts = [critical > 0 && `${critical} 个严重问题`, warnings > 0 && `${warnings} 个警告`].filter(
    (part) => part !== false,
  );
  return parts.join("、");
}

function whoHears({ telling }: Overview): string {
  const names = telling.known
    ? telling.value.channels
        .filter(({ setUp, enabled }) => setUp && enabled)
        .map(({ name }) => channelWords(name).title)
    : [];
  return `没有告警。出了问题会通知到：${names.join("、")}。`;
}

const ACTIONS = { start: "启动监控", test: "发送测试消息" };

function item(
  { level, title, key = title, text, since, alert, action }: Problem,
  isFirst: boolean,
  runbooks: Runbooks,
  format: Format,
): Html {
  const remedy = remedyOf(alert, runbooks);
  // At night nobody should have to look for it.
  const isOpen = isFirst && level === "critical";
  // The id holds it together: others come and go above it, and what is open or has the focus stays so.
  return html`
<li class="problem" id="problem-${encodeURIComponent(key)}">
  <h3>${badge(level, LEVEL_NAMES[level])} ${title}</h3>
  <p>${text}${since !== undefined && html` <span class="quiet whole">${format.moment(since)} 开始</span>`}</p>
  ${action && html`<button type="button" data-action="${action}">${ACTIONS[action]}</button>`}
  ${
    remedy &&
    html`<details ${isOpen && html`open data-opened`}><summary>怎么处理</summary>
    <div class="runbook">${remedy}<p><a href="runbooks/${alert}">完整的处理手册</a></p></div></details>`
  }
</li>`;
}
