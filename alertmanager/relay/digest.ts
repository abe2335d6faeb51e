import { duration } from "../../service/duration.ts";
import { type Alert, isCritical } from "./alert.ts";
import type { Digest } from "./channels/channel.ts";
import type { Wording } from "./wording.ts";

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
  const title: DigestLine = { kind: "title", text: `告警较多，合并通知：待通知 ${alerts.length} 条` };
  const link: DigestLine = { kind: "link", text: "全部告警", url: wording.historyUrl };
  const sizeOf = (lines: DigestLine[]) => lines.reduce((sum, line) => sum + size(line), 0);
  const free = limit - sizeOf([title, link]);
  const blocks: DigestLine[][] = [];
  /** How many are named if the numbers of the others follow. */
  let beside = 1;
  let used = 0;
  // No further than the message: the others are ten thousand.
  for (const [index, alert] of alerts.entries()) {
    const block = linesOf(alert, alerts[index - 1], wording);
    used += sizeOf(block);
    if (index > 0 && used > free) break;
    blocks.push(block);
    if (used <= free - reserve) beside = blocks.length;
  }
  const covers = blocks.length === alerts.length ? alerts.length : beside;
  const named = blocks.slice(0, covers).flat();
  return { lines: [title, ...named, ...countLines(alerts.slice(covers), countsRest, wording), link], covers };
}

/** The line of an alert, and that of its severity and status where these change. */
function linesOf(alert: Alert, previous: Alert | undefined, wording: Wording): DigestLine[] {
  const heading = wording.heading(alert);
  const line: DigestLine = { kind: "alert", text: inOneLine(alert, wording) };
  const isFirst = previous === undefined || wording.heading(previous) !== heading;
  return isFirst ? [{ kind: "section", alert, text: heading }, line] : [line];
}

/** Characters; the channel cuts it to its own measure, which takes longer the longer it is. */
const LONGEST_TITLE = 500;

/** What, where, when, and for how long it lasted. */
function inOneLine(alert: Alert, wording: Wording): string {
  const { instance } = alert.labels;
  const lasted = alert.endsAt === undefined ? [] : [`持续 ${duration(alert.endsAt - alert.startsAt)}`];
  return [
    wording.title(alert).slice(0, LONGEST_TITLE).toWellFormed(),
    ...(instance ? [instance] : []),
    wording.time(alert.startsAt),
    ...lasted,
  ].join("，");
}

function countLines(rest: Alert[], countsRest: boolean, wording: Wording): DigestLine[] {
  if (rest.length === 0) return [];
  const [counted, later] = countsRest ? split(rest) : [[], rest];
  const lines = counted.length > 0 ? counts(counted, wording) : [];
  if (later.length === 0) return lines;
  const text = countsRest
    ? `还有 ${later.length} 条严重的，随后逐条通知`
    : `还有 ${later.length} 条，见随后的消息`;
  return [...lines, { kind: "count", text }];
}

/** Critical ones are always named, if later. */
function split(rest: Alert[]): [counted: Alert[], later: Alert[]] {
  return [rest.filter((alert) => !isCritical(alert)), rest.filter(isCritical)];
}

function counts(alerts: Alert[], wording: Wording): DigestLine[] {
  const kinds = Map.groupBy(alerts, (alert) => kindOf(alert, wording));
  const sorted = [...kinds].sort(([, a], [, b]) => b.length - a.length);
  const others = sorted.slice(MOST_COUNTS).reduce((sum, [, list]) => sum + list.length, 0);
  const lines = sorted
    .slice(0, MOST_COUNTS)
    .map(([kind, list]): DigestLine => ({ kind: "count", text: `另有 ${kind} ${list.length} 条` }));
  if (others > 0) lines.push({ kind: "count", text: `另有其他告警 ${others} 条` });
  return lines;
}

/** Bytes, so that the lines of all kinds fit into what a channel keeps for them. */
const LONGEST_NAME = 45;

function kindOf(alert: Alert, wording: Wording): string {
  return `${wording.heading(alert)} ${shorten(alert.labels.alertname ?? "未命名的告警")}`;
}

function shorten(name: string): string {
  let [kept, used] = ["", 0];
  for (const character of name) {
    // A sign that would be markup is written with three.
    used += /\w/.test(character) ? 1 : Math.max(3, Buffer.byteLength(character));
    if (used > LONGEST_NAME) return `${kept}…`;
    kept += character;
  }
  return kept;
}
