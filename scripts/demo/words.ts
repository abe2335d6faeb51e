import { channelWords } from "../../exporter/words.ts";
import type { Change, Told, Track } from "./watch.ts";

/** Of one change, a line. */
export function describeChange(change: Change): string {
  const { name, summary } = change.track;
  if (change.kind !== "told") {
    return {
      pending: `🟡 ${name} 超过阈值，观察中`,
      fired: `🔴 ${name} 告警：${summary}`,
      calmed: `⚪ ${name} 回到阈值以内，没有告警`,
      resolved: `🟢 ${name} 恢复`,
    }[change.kind];
  }
  const { channel, what, state } = change.told;
  const news = what === "firing" ? "告警" : "恢复";
  return state === "sent"
    ? `📨 ${name} 的${news}已发到${channelWords(channel).title}`
    : `❌ ${name} 的${news}没能发到${channelWords(channel).title}，原因见告警历史`;
}

/** Of every alert, when it fired, ended, and when that was told. @param time of day, for people */
export function describeTracks(tracks: Track[], time: (at: number) => string): string[] {
  const inOrder = tracks.toSorted((a, b) => (a.fired ?? Infinity) - (b.fired ?? Infinity));
  return inOrder.flatMap(({ name, fired, resolved, told }) => [
    name,
    `  触发 ${fired === undefined ? "没有，还在观察" : time(fired)} → ${tellings(told, "firing", time)}`,
    `  恢复 ${resolved === undefined ? "还没有" : time(resolved)} → ${tellings(told, "resolved", time)}`,
  ]);
}

function tellings(told: Told[], what: Told["what"], time: (at: number) => string): string {
  const lines = told
    .filter((one) => one.what === what)
    .map(
      ({ channel, state, at }) =>
        `${channelWords(channel).title} ${state === "sent" ? time(at) : "没能送到"}`,
    );
  return lines.join("，") || "没有通知";
}
