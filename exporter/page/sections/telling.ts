import { type Html, html } from "../../../service/html.ts";
import type { Alert } from "../../overview/alerts.ts";
import type { Notification } from "../../overview/relay.ts";
import { channelWords, reasonWords } from "../../words.ts";
import type { Format } from "../format.ts";

/** How an alert was told: through which channel and when, or why not. */
export function tellingOf(alert: Alert, format: Format): Html {
  const { notifications } = alert;
  if (notifications === undefined) return html`<p class="told">通知情况未知：告警转发没有应答</p>`;
  if (notifications.length === 0) return html`<p class="told">${whyNot(alert)}</p>`;
  const channels = [...Map.groupBy(notifications, ({ channel }) => channel)];
  return html`<ul class="told">${channels.map(
    ([channel, told]) =>
      html`<li>${channelWords(channel).title}：${newestOfEach(told)
        .map((one) => toldOnce(one, format))
        .join("；")}</li>`,
  )}</ul>`;
}

function whyNot({ muted, endsAt }: Alert): string {
  if (muted === "silence") return "没有通知：已静默";
  if (muted === "inhibition") return "没有通知：有更严重的告警在说同一件事";
  return endsAt === undefined
    ? "还没有通知：严重的约 5 秒后发，其余约 30 秒后；一直没有，就看“告警渠道”"
    : "没有通知：当时告警发送已关闭";
}

/** The last that told of its begin, and the last of its end. */
function newestOfEach(told: Notification[]): Notification[] {
  return ["firing", "resolved"].flatMap((status) => told.findLast((one) => one.status === status) ?? []);
}

function toldOnce(
  { channel, status, state, finishedAt, reason, detail }: Notification,
  format: Format,
): string {
  const what = status === "firing" ? "告警" : "恢复";
  const why = `${reasonWords(reason).what}${detail ? `（${detail}）` : ""}`;
  switch (state) {
    case "sent": {
      const at = finishedAt === null ? "" : format.moment(finishedAt);
      if (channel === "log") return `${at} 只写进了日志，没有人收到${what}`;
      // Counted in a digest, or not reached by all: the detail says which.
      const rest = reason !== null ? `，但${why}` : detail ? `（${detail}）` : "";
      return `${at} 已通知${what}${rest}`;
    }
    case "pending":
      return `${what}在排队${reason === null ? "" : `，上次没有发出：${why}`}`;
    default:
      return `${what}没有送达：${why}`;
  }
}
