import { listChannels, readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import type { PartUrls } from "../../config/environment.ts";
import { channelWords } from "../../exporter/words.ts";
import { table } from "../stack/report.ts";
import type { Settings } from "../stack/settings.ts";
import type { Plan } from "./plan.ts";
import type { Timetable } from "./timetable.ts";
import { describe } from "./totals.ts";

export interface OpeningParts {
  settings: Settings;
  /** Addresses for people. */
  pages: Omit<PartUrls, "relay">;
  hasGrafana: boolean;
  plan: Plan;
  timetable: Timetable;
  /** Milliseconds since the epoch. */
  start: number;
  time: (at: number) => string;
  /** Alerts that are there already. */
  earlier: string[];
}

/** What is going to happen, what it leaves, and what to look at meanwhile. */
export function opening({
  settings,
  pages,
  hasGrafana,
  plan,
  timetable,
  start,
  time,
  earlier,
}: OpeningParts): string[] {
  const minutes = Math.round(timetable.end / 6) / 10;
  const dashboards = [
    ["总览", `${pages.grafana}/d/wecom-overview`, "每类问题是否正常，正在发生的告警"],
    ["业务", `${pages.grafana}/d/wecom-business`, "消息、错误、耗时、咨询、案例、满意度，今天和昨天"],
    ["主机与服务", `${pages.grafana}/d/wecom-system`, "演示不影响主机，用来对照"],
    ["监控系统自身", `${pages.grafana}/d/wecom-pipeline`, "告警怎样送到，用了多久"],
  ];
  const look = [
    ...(hasGrafana ? dashboards : []),
    ["管理页面", `${pages.exporter}/`, "没有 Grafana 也能看"],
    ["Prometheus", `${pages.prometheus}/alerts`, "哪条规则在观察、在告警"],
  ];
  return [
    `演示：法律客服的一天，压缩成约 ${minutes} 分钟，${time(start + timetable.errors * 1000)} 起会出一次事故。`,
    "",
    `  将写入  ${describe(plan.totals)}。计入总数，删不掉`,
    `  会通知  ${destinations(settings)}`,
    "  结束    到时自己结束；随时可以按 Ctrl-C",
    ...(plan.surges ? [] : ["  说明    已有的消息太多，这次不演示 MessageVolumeSurge"]),
    ...(earlier.length > 0 ? [`  说明    演示前已有的告警，不算在演示里：${earlier.join("、")}`] : []),
    "",
    hasGrafana
      ? "边演示边看（Grafana 的时间范围选“最近 30 分钟”，自动刷新 10 秒）："
      : "边演示边看（Grafana 没有在运行，看不到仪表盘）：",
    ...table(look).map((line) => `  ${line}`),
    "",
  ];
}

/** Where messages about the alerts go. */
function destinations({ config, env }: Settings): string {
  if (!config.alertEnabled) return "谁也不会收到：config.ini 里 alert_enabled = false，只记录";
  const names = listChannels(readChannelSettings(env), config.channels)
    .filter(({ setUp, enabled }) => setUp && enabled)
    .map(({ name }) => channelWords(name).title);
  if (names.length === 0) return `${channelWords("log").title}（还没有设置渠道）`;
  return `${names.join("、")}。是真的告警消息，请先和收消息的人说一声`;
}
