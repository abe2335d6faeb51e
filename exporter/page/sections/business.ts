import { type Html, html } from "../../../service/html.ts";
import type { Overview } from "../../overview/overview.ts";
import type { Business } from "../../overview/prometheus.ts";
import { number, percent, threshold } from "../format.ts";
import { badge } from "./badge.ts";

/** What was done today. */
export function businessSection({ judgement }: Pick<Overview, "judgement">): Html {
  const business = judgement.known ? judgement.value.business : undefined;
  return html`
<section aria-labelledby="business">
  <h2 id="business">今日业务</h2>
  <dl class="figures">
    ${figure("消息", number(business?.messagesToday), yesterday(business))}
    ${figure("错误率", ...errorRate({ judgement }))}
    ${figure("咨询", number(business?.consultationsToday), "今日新开始")}
    ${figure("案例", number(business?.casesToday), "今日新建")}
    ${figure("满意度", ...satisfaction(business))}
  </dl>
</section>`;
}

function yesterday(business: Business | undefined): string {
  const { messagesYesterday = null, messagesByThisTime = null } = business ?? {};
  const all = `昨日${messagesYesterday === null ? "未知" : ` ${number(messagesYesterday)}`}`;
  return messagesByThisTime === null ? all : `${all}，其中到此刻 ${number(messagesByThisTime)}`;
}

/** Without a score there is no mean. */
function satisfaction(business: Business | undefined): [string, string] {
  if (business === undefined) return ["未知", "满分 5"];
  const { satisfactionToday: today, satisfaction: all } = business;
  return [
    today === null ? "暂无评分" : number(today, 2),
    all === null ? "满分 5" : `全部评分的平均 ${number(all, 2)}，满分 5`,
  ];
}

function figure(name: string, value: string | Html, note: string | Html): Html {
  return html`<div><dt>${name}</dt><dd class="value">${value}</dd><dd class="quiet">${note}</dd></div>`;
}

/** Of the last 5 minutes, as the alert looks at it: with few messages one error would be a rate to be alarmed at. */
function errorRate({ judgement }: Pick<Overview, "judgement">): [string | Html, string | Html] {
  if (!judgement.known) return ["未知", "Prometheus 没有应答"];
  const { errorRate, errorsToday, messages5m, fewestMessages } = judgement.value.business;
  const limit = judgement.value.thresholds.get("HighMessageErrorRate");
  const today = `今日出错 ${number(errorsToday)} 条`;
  if (errorRate === null) return ["—", `最近 5 分钟没有消息；${today}`];
  const isJudged = (messages5m ?? 0) >= (fewestMessages ?? 0);
  const isHigh = limit !== undefined && errorRate > limit && isJudged;
  const line = limit === undefined ? "阈值未知" : `阈值 ${threshold(limit * 100)}%`;
  return [
    html`${percent(errorRate)}${isHigh && html` ${badge("critical", "超过阈值")}`}`,
    `最近 5 分钟，${line}${isJudged ? "" : "（消息太少，不判断）"}；${today}`,
  ];
}
