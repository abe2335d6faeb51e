import type { NotificationRecord } from "../../alertmanager/relay/outbox/history.ts";
import { channelWords } from "../../exporter/words.ts";
import type { NoAnswerError } from "../stack/ask.ts";
import { oneLine } from "../stack/printable.ts";
import { tellSpan, tellTime } from "../stack/tell-time.ts";
import { isSettling, type StackView } from "../stack/view.ts";
import type { ActiveAlert, AlertRecord } from "./read.ts";

const SIGNS = new Map(Object.entries({ critical: "🔴", warning: "🟠", info: "🔵" }));

/** What fires first, then what was. */
export function printAlerts(
  active: ActiveAlert[] | NoAnswerError,
  history: string | NoAnswerError,
  view: StackView,
): string {
  return `${[...printActive(active, view), "", ...printHistory(history, view)].join("\n")}\n`;
}

function printActive(active: ActiveAlert[] | NoAnswerError, view: StackView): string[] {
  const { clock, settings } = view;
  if (active instanceof Error) return [`❌ 不知道现在有没有告警：${active.message}（npm run doctor）`];
  // Prometheus tells it once more within a minute what goes on.
  if (active.length === 0 && isSettling(view, "alertmanager")) {
    return ["❔ 还不知道现在有没有告警：Alertmanager 刚启动，一分钟后再看"];
  }
  if (active.length === 0) return ["✅ 现在没有告警"];
  return [
    `现在有 ${active.length} 条告警：`,
    ...active.map(({ labels, annotations, startsAt, status }) => {
      const begun = Date.parse(startsAt);
      const muted = status.state === "suppressed" ? "，不通知（静默或抑制）" : "";
      return `${title(labels, annotations)}\n   ${tellTime(begun, settings.config.timezone)} 起，已 ${tellSpan(clock.now() - begun)}${muted}`;
    }),
  ];
}

function printHistory(history: string | NoAnswerError, { settings }: StackView): string[] {
  if (history instanceof Error) return [`❌ 看不到告警历史：${history.message}（npm run doctor）`];
  const { alerts } = JSON.parse(history) as { alerts: AlertRecord[] };
  if (alerts.length === 0) return ["历史：这段时间没有告警（更早的：npm run alerts -- --since 7d）"];
  const { timezone } = settings.config;
  return [
    `历史，${alerts.length} 条，新的在前：`,
    ...alerts.flatMap((alert) => [
      title(alert.labels, alert.annotations),
      `   ${span(alert, timezone)}；${tellNotifications(alert.notifications, timezone)}`,
    ]),
  ];
}

function title(labels: Record<string, string>, annotations: Record<string, string>): string {
  const words = oneLine(annotations.summary ?? labels.alertname ?? "");
  // What tells it from others of the same kind.
  const place = oneLine(labels.service ?? labels.mountpoint ?? labels.instance ?? "");
  const where = words.includes(place) ? "" : `（${place}）`;
  return `${SIGNS.get(labels.severity ?? "") ?? "⚪"} ${words}${where}`;
}

function span({ startsAt, endsAt }: AlertRecord, timezone: string): string {
  const begun = tellTime(Date.parse(startsAt), timezone);
  return endsAt === null ? `${begun} 起` : `${begun} 至 ${tellTime(Date.parse(endsAt), timezone)}`;
}

/** The newest of each channel. */
function tellNotifications(notifications: NotificationRecord[], timezone: string): string {
  if (notifications.length === 0) return "没有通知（当时 alert_enabled = false）";
  const newest = new Map(notifications.map((notification) => [notification.channel, notification]));
  return [...newest.values()].map((notification) => tellNotification(notification, timezone)).join("，");
}

function tellNotification(notification: NotificationRecord, timezone: string): string {
  const { channel, status, state, finishedAt, reason, detail } = notification;
  const name = channelWords(channel).title;
  const what = status === "resolved" ? "恢复" : "告警";
  const why = oneLine(detail ?? reason ?? "");
  if (state === "sent" && finishedAt !== null) {
    const part = why === "" ? "" : `，有人没有收到：${why}`;
    return `${name}${what}已发 ${tellTime(Date.parse(finishedAt), timezone)}${part}`;
  }
  if (state === "failed") return `${name}${what}没有送达：${why}`;
  return `${name}${what}在排队${why === "" ? "" : `：${why}`}`;
}
