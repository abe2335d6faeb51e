import type { PartUrls } from "../../config/environment.ts";
import { type Alert, keyOf } from "../overview/alerts.ts";
import type { Answer } from "../overview/answer.ts";
import type { Overview } from "../overview/overview.ts";
import { SETTLED } from "../overview/prometheus.ts";
import {
  channelWords,
  collectorTitle,
  EVENTS_REFUSED,
  LEVELS,
  type Level,
  levelOf,
  PARTS,
  reasonWords,
  START_ALL,
} from "../words.ts";

/** Something that is not right, and what to do about it now. */
export interface Problem {
  level: Level;
  title: string;
  /** What it is known by from one look to the next, as the value in an alert's title changes; else the title. */
  key?: string;
  /** What it means, and the first thing to do. */
  text: string;
  /** Milliseconds since the epoch. */
  since?: number;
  /** The alert whose runbook says more. */
  alert?: string;
  /** A button that helps. */
  action?: "start" | "test";
}

/** Everything that is not right, the worst first. What two sources say is said once. */
export function findProblems(overview: Overview): Problem[] {
  const found = [
    ...partProblems(overview),
    ...collectingProblems(overview),
    ...alertProblems(overview),
    ...channelProblems(overview),
    ...watchProblems(overview),
  ];
  return found.sort((one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level));
}

/** Parts other than the exporter, which serves this page. */
function partProblems(overview: Overview): Problem[] {
  const { judgement, muted, telling, grafana } = overview;
  const problem = (
    part: keyof PartUrls,
    answer: Answer<unknown>,
    level: Level,
    alert?: string,
  ): Problem[] => {
    if (answer.known) return [];
    const { title, without } = PARTS[part];
    const text = `${without}。原因：${answer.reason}。${START_ALL}`;
    return [{ level, title: `${title} 没有应答`, text, ...(alert !== undefined && { alert }) }];
  };
  return [
    ...problem("prometheus", judgement, "critical", "WatchdogSilent"),
    ...problem("alertmanager", muted, "critical", "AlertmanagerDown"),
    ...problem("relay", telling, "critical", "RelayDown"),
    ...problem("grafana", grafana, "notice"),
  ];
}

function collectingProblems({ collecting, failing, isCounting }: Overview): Problem[] {
  const problems: Problem[] = [];
  if (!collecting) {
    problems.push({
      level: "warning",
      title: "主机和服务的监控已停止",
      text: "它们出了问题不会告警；业务事件照常统计。不是有意停的，请马上启动。",
      alert: "MonitoringStopped",
      action: "start",
    });
  }
  if (!isCounting || failing.includes("events")) {
    problems.push({
      level: "critical",
      title: EVENTS_REFUSED,
      text: "多半是磁盘满了或变成只读：在监控主机的项目目录里执行 df -h . 查看，腾出空间后会自动恢复。",
      alert: "CollectorFailing",
    });
  }
  const others = failing.filter((name) => name !== "events");
  if (others.length > 0) {
    problems.push({
      level: "warning",
      title: `取不到数据：${others.map(collectorTitle).join("、")}`,
      text: "这几项出了问题可能不会告警。",
      alert: "CollectorFailing",
    });
  }
  return problems;
}

/** What the problems of parts and collecting already say, in more words. */
function isSaid({ labels }: Alert, { collecting, failing, muted, telling, judgement }: Overview): boolean {
  switch (labels.alertname) {
    case "AlertmanagerDown":
      return !muted.known;
    case "RelayDown":
      return !telling.known;
    case "WatchdogSilent":
      return !judgement.known || !muted.known;
    case "MonitoringStopped":
      return !collecting;
    case "CollectorFailing":
      return failing.includes(labels.collector ?? "");
    default:
      return false;
  }
}

function alertProblems(overview: Overview): Problem[] {
  const { firing, pending } = overview.alerts;
  const loud = firing.filter((alert) => alert.muted === undefined && !isSaid(alert, overview));
  const silenced = firing.filter(({ muted }) => muted === "silence");
  return [
    ...loud.map((alert) => toProblem(alert, levelOf(alert.labels.severity))),
    // What was never looked at yet counts as missing.
    ...(isSettling(overview) ? [] : pending)
      .filter((alert) => !isSaid(alert, overview))
      .map((alert): Problem => {
        const text = "超过了阈值，时间还不够长，正在观察；不恢复就会告警。";
        return { ...toProblem(alert, "notice"), text };
      }),
    ...silenced.map((alert): Problem => {
      const text = "有人设了静默，在期限之前不通知任何人。";
      return { ...toProblem(alert, "notice"), title: `已静默：${titleOf(alert)}`, text };
    }),
  ];
}

function toProblem(alert: Alert, level: Level): Problem {
  const { annotations, labels, startsAt } = alert;
  return {
    level,
    title: titleOf(alert),
    key: keyOf(labels),
    text: annotations.description ?? "",
    since: startsAt,
    ...(labels.alertname !== undefined && { alert: labels.alertname }),
  };
}

/** As people know it. */
export function titleOf({ annotations, labels }: Alert): string {
  return annotations.summary || labels.alertname || "未命名的告警";
}

function channelProblems({ telling, alerts }: Overview): Problem[] {
  if (!telling.known) return [];
  const { alertEnabled, channels } = telling.value;
  const usable = channels.filter(({ setUp, enabled }) => setUp && enabled);
  if (!alertEnabled) {
    const text =
      "告警只记录，不通知任何人。在 config.ini 里改回 alert_enabled = true，再执行 npm run apply。";
    return [{ level: "warning", title: "告警发送已关闭", text }];
  }
  if (usable.length === 0) {
    const text =
      "出了问题谁也不会收到消息。在 .env 里填写企业微信（WECOM_ROBOT_KEY）和邮件（SMTP_URL、EMAIL_FROM、EMAIL_TO），再执行 npm run apply。";
    return [{ level: "warning", title: "还没有设置告警渠道", text }];
  }
  const told = new Set(
    alerts.firing
      .filter(({ labels }) => labels.alertname === "NotificationsFailing")
      .map(({ labels }) => labels.channel),
  );
  return usable
    .filter(({ failing, name }) => failing && !told.has(name))
    .map(({ name, failed }): Problem => {
      const { what, remedy } = reasonWords(failed?.reason ?? null);
      const detail = failed?.detail ? `（${failed.detail}）` : "";
      return {
        level: "warning",
        title: `${channelWords(name).title}：最近一次通知没有送达`,
        text: `${what}${detail}。${remedy}。`,
        alert: "NotificationsFailing",
        action: "test",
      };
    });
}

/** Also where the clock was set back since the start, for as long. */
function isSettling({ at, judgement }: Overview): boolean {
  return judgement.known && Math.abs(at - judgement.value.since) < SETTLED;
}

/** Prometheus is there, but has nothing to compare with yet. */
function watchProblems(overview: Overview): Problem[] {
  const { judgement, alerts } = overview;
  if (isSettling(overview)) {
    const text = "还没有把各项都看过一遍，有没有问题要一分钟后才知道。本页会自动更新，不用做什么。";
    return [{ level: "notice", title: "Prometheus 刚启动", text }];
  }
  const isEmpty = judgement.known && judgement.value.thresholds.size === 0;
  if (!isEmpty || alerts.firing.some(({ labels }) => labels.alertname === "ThresholdMissing")) return [];
  const text = "各项阈值都没有，出了问题不会告警：在监控主机的项目目录里执行 npm run apply。";
  return [{ level: "notice", title: "Prometheus 还没有开始判断", text, alert: "ThresholdMissing" }];
}
