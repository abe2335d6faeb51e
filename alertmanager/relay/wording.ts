import { duration } from "../../service/duration.ts";
import { type Alert, isOwn } from "./alert.ts";
import { isDoubtful } from "./doubt.ts";

/** The Chinese words and forms that every channel's messages share. */
export interface Wording {
  /** Local time, for example 2026-02-12 21:46:44. @param at milliseconds since the epoch */
  time(at: number): string;
  /** What to read first, for example 严重告警. */
  heading(alert: Alert): string;
  title(alert: Alert): string;
  /** Label and value of each fact, in the order of their weight. */
  facts(alert: Alert): [string, string][];
  /** Where all alerts are listed. */
  readonly historyUrl: string;
  /** Name and address of each page that helps. */
  links(alert: Alert): [string, string][];
}

export interface WordingOptions {
  timezone: string;
  /** Addresses for people. */
  alertmanagerUrl: string;
  exporterUrl: string;
}

/** A map, as the label is anybody's: of an object "toString" would be a function. */
const SEVERITIES = new Map([
  ["critical", "严重告警"],
  ["warning", "警告"],
  ["info", "提示"],
]);

/** Labels that say where: the others are in the title or of no use to people. */
const PLACES: [label: string, name: string][] = [
  ["service", "服务"],
  ["mountpoint", "磁盘"],
  ["instance", "实例"],
];

export function createWording({ timezone, alertmanagerUrl, exporterUrl }: WordingOptions): Wording {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  const time = (at: number) => format.format(at);
  return {
    time,
    historyUrl: `${exporterUrl}/`,
    heading(alert) {
      const severity = SEVERITIES.get(alert.labels.severity ?? "") ?? "告警";
      if (alert.status === "firing") return severity;
      return `${isDoubtful(alert) ? "可能已恢复" : "已恢复"}（${severity}）`;
    },
    title: (alert) => alert.annotations.summary ?? alert.labels.alertname ?? "未命名的告警",
    facts(alert) {
      const places = PLACES.filter(([label]) => alert.labels[label]).map(([label, name]) => [
        name,
        alert.labels[label] ?? "",
      ]);
      // What nobody heard of when it began is explained when it has ended.
      const description = (alert.status === "firing" || alert.isUntold) && alert.annotations.description;
      return [
        ...(description ? [["说明", description]] : []),
        ...(alert.isUntold ? [["注意", "开始时没有来得及通知"]] : []),
        ...(isDoubtful(alert) ? [["注意", alert.annotations.doubt]] : []),
        ...places,
        ["告警时间", time(alert.startsAt)],
        ...(alert.endsAt === undefined ? [] : ended(alert.startsAt, alert.endsAt)),
      ] as [string, string][];
    },
    links(alert) {
      const { dashboard_url, runbook_url } = alert.annotations;
      const links: [string, string | undefined][] = [
        ["仪表盘", dashboard_url],
        ["处理手册", runbook_url],
        [
          "静默",
          alert.status === "firing" && !isOwn(alert) ? silenceUrl(alertmanagerUrl, alert.labels) : undefined,
        ],
      ];
      return links.flatMap(([name, url]) => {
        const address = toWebAddress(url);
        return address === undefined ? [] : [[name, address]];
      });
    },
  };

  function ended(startsAt: number, endsAt: number): [string, string][] {
    return [
      ["恢复时间", time(endsAt)],
      ["持续时间", duration(endsAt - startsAt)],
    ];
  }
}

/** Alertmanager's form for a new silence, filled in with the alert's labels. */
function silenceUrl(alertmanagerUrl: string, labels: Record<string, string>): string {
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${alertmanagerUrl}/#/silences/new?filter=${encodeURIComponent(`{${matchers.join(", ")}}`)}`;
}

/** As browsers write it: no character in it is a line break, a blank or turns the direction of writing. */
function toWebAddress(text: string | undefined): string | undefined {
  const url = text === undefined ? null : URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
}
