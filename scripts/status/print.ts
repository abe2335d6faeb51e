import { channelWords, collectorTitle, EVENTS_REFUSED } from "../../exporter/words.ts";
import { PROCESS_TITLES } from "../stack/addresses.ts";
import { table, width } from "../stack/report.ts";
import { tellSpan, tellTime } from "../stack/tell-time.ts";
import { isSettling, type StackView, tellStopped } from "../stack/view.ts";
import type { PartStatus, StackStatus } from "./read.ts";

const STATES: Record<PartStatus["state"], string> = {
  healthy: "✅ 正常",
  unhealthy: "❌ 没有应答",
  stopped: "❌ 意外停了",
  absent: "➖ 没有启动",
};

/** The parts, then what they say. @param columns of the terminal */
export function printStatus(
  status: StackStatus,
  view: StackView,
  columns = Number.POSITIVE_INFINITY,
): string {
  if (status.runtime === "stopped") return `❌ ${tellStopped(view.runtime)}。原因和办法：npm run doctor\n`;
  const now = view.clock.now();
  const parts = status.parts.map(({ name, state, since, url }) => [
    STATES[state],
    PROCESS_TITLES[name],
    since === null ? "" : `已运行 ${tellSpan(now - Date.parse(since))}`,
    url ?? "",
  ]);
  const { timezone } = view.settings.config;
  const lines = [
    ...layOut(parts, columns),
    "",
    tellFigures(status.figures),
    tellAlerts(status.alerts, isSettling(view, "alertmanager")),
    ...tellChannels(status.channels, timezone),
  ];
  if (!status.healthy) lines.push("", "原因和办法：npm run doctor");
  return `${lines.join("\n")}\n`;
}

/** A table, or on a narrow screen, a telephone's for example, the address on a line of its own. */
function layOut(parts: string[][], columns: number): string[] {
  const lines = table(parts);
  if (lines.every((line) => width(line) <= columns)) return lines;
  return parts.flatMap(([state = "", title = "", since = "", url = ""]) => [
    `${state} ${title} ${since}`.trimEnd(),
    ...(url === "" ? [] : [`   ${url}`]),
  ]);
}

function tellFigures(figures: StackStatus["figures"]): string {
  if (figures === null) return "数据：采集程序没有应答";
  if (!figures.monitoring_enabled) return "数据：采集已停止";
  const percent = (value: number | null) => (value === null ? "—" : `${value.toFixed(1)}%`);
  const services = { up: "服务正常", down: "有服务无法访问", unknown: "服务未知" }[figures.service_status];
  return [
    `CPU ${percent(figures.cpu_usage)}`,
    `内存 ${percent(figures.memory_usage)}`,
    `磁盘 ${percent(figures.disk_usage)}`,
    services,
    ...(figures.messages_today === null ? [] : [`今日消息 ${figures.messages_today}`]),
    ...tellFailing(figures.failing_collectors),
  ].join("，");
}

function tellFailing(failing: string[]): string[] {
  const others = failing.filter((name) => name !== "events").map(collectorTitle);
  return [
    ...(failing.includes("events") ? [`❌ ${EVENTS_REFUSED}`] : []),
    ...(others.length > 0 ? [`❌ 取不到数据：${others.join("、")}`] : []),
  ];
}

function tellAlerts(alerts: StackStatus["alerts"], isNew: boolean): string {
  if (alerts === null)
    return isNew ? "告警：还不知道，Alertmanager 刚启动，一分钟后再看" : "告警：Alertmanager 没有应答";
  const { critical, warning, info, other, silenced } = alerts;
  const counts = [
    [critical, "严重"],
    [warning, "警告"],
    [info, "提示"],
    [other, "其他"],
    [silenced, "不通知（静默或抑制）"],
  ] as const;
  const some = counts.filter(([count]) => count > 0).map(([count, name]) => `${name} ${count}`);
  return some.length === 0 ? "告警：没有" : `告警：${some.join("，")}（npm run alerts）`;
}

function tellChannels(channels: StackStatus["channels"], timezone: string): string[] {
  if (channels === null) return ["通知：告警转发没有应答"];
  if (channels.length === 0) return ["通知：告警只记录，谁也收不到（npm run doctor 会说为什么）"];
  return channels.map(({ name, lastSuccess, pending, failing }) => {
    const last =
      lastSuccess === null ? "还没有发过" : `上次成功 ${tellTime(Date.parse(lastSuccess), timezone)}`;
    const rest = [...(failing ? ["❌ 最近一条失败"] : []), ...(pending > 0 ? [`排队 ${pending} 条`] : [])];
    return [`通知：${channelWords(name).title} ${last}`, ...rest].join("，");
  });
}
