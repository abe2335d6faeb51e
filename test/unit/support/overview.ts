import type { Alert } from "../../../exporter/overview/alerts.ts";
import type { Overview } from "../../../exporter/overview/overview.ts";
import type { Judgement } from "../../../exporter/overview/prometheus.ts";
import type { Channel, Notification, Telling } from "../../../exporter/overview/relay.ts";

export const NOW = Date.parse("2026-02-12T13:46:44Z");

export const CHANNEL: Channel = {
  ...{ name: "wecom", setUp: true, enabled: true, failing: false, pending: 0, pendingSince: null },
  sent: { at: NOW - 3600_000 },
  failed: null,
};

const TELLING: Telling = { alertEnabled: true, channels: [CHANNEL], recent: [], firing: [] };

const JUDGEMENT: Judgement = {
  since: NOW - 3600_000,
  thresholds: new Map([
    ["HighCpuUsage", 80],
    ["HighMemoryUsage", 85],
    ["HighDiskUsage", 90],
    ["SlowServiceResponse", 5],
    ["HighMessageErrorRate", 0.1],
  ]),
  alerts: [],
  business: {
    ...{ messagesByThisTime: 100, errorRate: 0.02, messages5m: 50, fewestMessages: 10, errorsToday: 3 },
    ...{ consultationsToday: 12, casesToday: 2, satisfactionToday: 4.5, satisfaction: 4.4 },
    ...{ messagesToday: 120, messagesYesterday: 340 },
  },
};

export interface OverviewChanges extends Partial<Omit<Overview, "judgement" | "telling">> {
  judgement?: Partial<Judgement>;
  telling?: Partial<Telling>;
}

/** All is right, but for what is given. */
export function overview({ judgement, telling, ...changes }: OverviewChanges = {}): Overview {
  return {
    at: NOW,
    collecting: true,
    failing: [],
    host: {
      cpu: 12.5,
      memory: 58.1,
      disks: [{ mountpoint: "/", usage: 41.7 }],
      services: [{ name: "案件系统", up: true, responseTime: 0.213 }],
    },
    isCounting: true,
    judgement: { known: true, value: { ...JUDGEMENT, ...judgement } },
    muted: { known: true, value: [] },
    telling: { known: true, value: { ...TELLING, ...telling } },
    grafana: { known: true, value: {} },
    alerts: { firing: [], doubtful: false, pending: [], recent: [], ending: [] },
    ...changes,
  };
}

export const AWAY = { known: false, reason: "没有在运行（连接被拒绝）" } as const;

export function alert(alertname: string, severity: string, changes: Partial<Alert> = {}): Alert {
  return {
    labels: { alertname, severity },
    annotations: { summary: `${alertname} 发生`, description: `${alertname} 的说明` },
    startsAt: NOW - 600_000,
    endsAt: undefined,
    muted: undefined,
    notifications: [],
    ...changes,
  };
}

export function notification(changes: Partial<Notification> = {}): Notification {
  return {
    ...{ channel: "wecom", status: "firing", state: "sent", reason: null, detail: null },
    createdAt: NOW - 500_000,
    finishedAt: NOW - 499_000,
    ...changes,
  };
}
