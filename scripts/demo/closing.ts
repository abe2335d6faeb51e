import type { Settings } from "../stack/settings.ts";
import type { Plan } from "./plan.ts";
import { ALERTS, SERVICE_ALERTS } from "./timetable.ts";
import { type Counted, describe, type Totals } from "./totals.ts";
import type { Watch } from "./watch.ts";
import { describeTracks } from "./words.ts";

export interface ClosingParts {
  settings: Settings;
  watch: Watch;
  plan: Plan;
  before: Counted;
  /** undefined where the exporter does not answer any more. */
  after: Counted | undefined;
  added: Totals;
  start: number;
  end: number;
  time: (at: number) => string;
  hasService: boolean;
}

/** What fired, when that was told, and what it leaves behind. */
export function closing(parts: ClosingParts): string[] {
  const { watch, start, end, time } = parts;
  return [
    "",
    `演示结束（${time(start)} 到 ${time(end)}）。`,
    "",
    ...(watch.tracks.length > 0 ? describeTracks(watch.tracks, time).map((line) => `  ${line}`) : []),
    ...unusual(parts).map((line) => `  ${line}`),
    "",
    "留下了什么：",
    ...traces(parts).map((line) => `  • ${line}`),
  ];
}

function unusual({ watch, plan, hasService }: ClosingParts): string[] {
  const expected = [...ALERTS.filter((name) => name !== "MessageVolumeSurge" || plan.surges)];
  const all: string[] = [...expected, ...(hasService ? SERVICE_ALERTS : [])];
  const isSeen = (name: string) => watch.tracks.some((track) => track.name.startsWith(name) && track.fired);
  const missing = all.filter((name) => !isSeen(name));
  const lasting = watch.tracks.filter(({ resolved }) => resolved === undefined).map(({ name }) => name);
  const untold = watch.tracks.filter((track) => track.resolved && !track.settled).map(({ name }) => name);
  return [
    ...(missing.length > 0 ? [`⚠️  没有触发：${missing.join("、")}。阈值和随附的差得多时会这样`] : []),
    ...(lasting.length > 0
      ? [`还没有恢复：${lasting.join("、")}，会自己恢复（消息量的告警最晚到零点）`]
      : []),
    ...(untold.length > 0 ? [`恢复消息还没有发完：${untold.join("、")}，几分钟内会发`] : []),
  ];
}

function traces({ settings, before, after, added, watch, hasService }: ClosingParts): string[] {
  return [
    `${describe(added)}：计入总数，删不掉；平均满意度里也有这些评分`,
    ...(after === undefined ? ["采集程序现在没有应答，没能核对总数"] : [compare(before, after, added)]),
    `告警历史里的 ${watch.tracks.length} 条告警，和已经发出的消息`,
    `Prometheus 里这段时间的曲线，都保留 ${settings.config.retentionDays} 天`,
    ...(hasService
      ? [
          `[services] 里的 demo 现在没有程序应答，约 1 分钟后会有 ServiceDown：请删掉那一行，执行 npm run apply`,
        ]
      : []),
    "想从零开始正式使用：见使用指南第 3.8 节",
  ];
}

/** Whether the exporter has counted as much as was sent. */
function compare(before: Counted, after: Counted, added: Totals): string {
  const now = `今日 ${after.today} 条，昨日 ${after.yesterday} 条，共 ${after.messages} 条`;
  const others = after.messages - before.messages - added.messages;
  if (others === 0) return `已核对：采集程序的消息数正好多了这么多，现在${now}`;
  return `采集程序现在的消息数：${now}；其中 ${others} 条是这期间别处报来的`;
}
