import { type Alert, isCritical } from "./alert.ts";
import type { Digest } from "./channels/channel.ts";
import { duration, type Wording } from "./wording.ts";

/** A line of a digest, before a channel gives it its markup. */
export type DigestLine =
  | { kind: "title"; text: string }
  /** Severity and status of the lines below it. */
  | { kind: "section"; alert: Alert; text: string }
  | { kind: "alert"; text: string }
  | { kind: "count"; text: string }
  | { kind: "link"; text: string; url: string };

export interface DigestRoom {
  /** In the unit of `size`. */
  limit: number;
  /** Of the limit, for the numbers of what is not named. */
  reserve: number;
  size: (line: DigestLine) => number;
}

/** At most so many kinds of alerts are counted each by itself. */
const MOST_COUNTS = 8;

/**
 * A line for each alert, in the order given, under its severity and status; in numbers what is not named.
 * @returns `covers`: how many are named, at least one
 */
export function layoutDigest(
  { alerts, countsRest }: Digest,
  wording: Wording,
  { limit, reserve, size }: DigestRoom,
): { lines: DigestLine[]; covers: number } {
  const title: DigestLine = { kind: "title", text: `告警较多，合并通知：共 ${alerts.length} 条` };
  const link: DigestLine = { kind: "link", text: "全部告警", url: wording.historyUrl };
  const sizeOf = (lines: DigestLine[]) => lines.reduce((sum, line) => sum + size(line), 0);
  const blocks = alerts.map((alert, index) => linesOf(alert, alerts[index - 1], wording));
  const free = limit - sizeOf([title, link]);
  const room = sizeOf(blocks.flat()) <= free ? free : free - reserve;
  let covers = 0;
  let used = 0;
  for (const block of blocks) {
    used += sizeOf(block);
    if (covers > 0 && used > room) break;
    covers += 1;
  }
  const named = blocks.slice(0, covers).flat();
  return { lines: [title, ...named, ...countLines(alerts.slice(covers), countsRest), link], covers };
}

/** The line of an alert, and that of its severity and status where these change. */
function linesOf(alert: Alert, previous: Alert | undefined, wording: Wording): DigestLine[] {
  const heading = wording.heading(alert);
  const line: DigestLine = { kind: "alert", text: inOneLine(alert, wording) };
  const isFirst = previous === undefined || wording.heading(previous) !== heading;
  return isFirst ? [{ kind: "section", alert, text: heading }, line] : [line];
}

/** What, where, when, and for how long it lasted. */
function inOneLine(alert: Alert, wording: Wording): string {
  const { instance } = alert.labels;
  const lasted = alert.endsAt === undefined ? [] : [`持续 ${duration(alert.endsAt - alert.startsAt)}`];
  return [
    wording.title(alert),
    ...(instance ? [instance] : []),
    wording.time(alert.startsAt),
    ...lasted,
  ].join("，");
}

function countLines(rest: Alert[], countsRest: boolean): DigestLine[] {
  if (rest.length === 0) return [];
  const [counted, later] = countsRest ? split(rest) : [[], rest];
  const lines = counted.length > 0 ? counts(counted) : [];
  return later.length > 0
    ? [...lines, { kind: "count", text: `还有 ${later.length} 条随后逐条通知` }]
    : lines;
}

/** Critical ones are always named, if later. */
function split(rest: Alert[]): [counted: Alert[], later: Alert[]] {
  return [rest.filter((alert) => !isCritical(alert)), rest.filter(isCritical)];
}

function counts(alerts: Alert[]): DigestLine[] {
  const kinds = Map.groupBy(alerts, kindOf);
  const sorted = [...kinds].sort(([, a], [, b]) => b.length - a.length);
  const others = sorted.slice(MOST_COUNTS).reduce((sum, [, list]) => sum + list.length, 0);
  const lines = sorted
    .slice(0, MOST_COUNTS)
    .map(([kind, list]): DigestLine => ({ kind: "count", text: `另有 ${kind} ${list.length} 条` }));
  if (others > 0) lines.push({ kind: "count", text: `另有其他告警 ${others} 条` });
  return lines;
}

const LONGEST_NAME = 40;

function kindOf({ labels, status }: Alert): string {
  const name = [...(labels.alertname ?? "未命名的告警")].slice(0, LONGEST_NAME).join("");
  return `${name}${status === "resolved" ? "（已恢复）" : ""}`;
}
