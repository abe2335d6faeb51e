import { createHash } from "node:crypto";

/** An alert as Alertmanager posts it. */
export interface PostedAlert {
  status: "firing" | "resolved";
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
  fingerprint: string;
}

/** @param name the alertname; every other label and annotation is as in the committed rules */
export function firing(name: string, labels: Record<string, string> = {}): PostedAlert {
  const all = { alertname: name, severity: "warning", instance: "localhost:8001", ...labels };
  return {
    status: "firing",
    labels: all,
    annotations: { summary: `${name} 发生`, description: `${name} 的说明` },
    startsAt: "2026-02-12T13:46:44.123456789Z",
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "http://localhost:9090/graph?g0.expr=up",
    fingerprint: createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16),
  };
}

export function resolved(alert: PostedAlert, endsAt = "2026-02-12T13:51:44Z"): PostedAlert {
  return { ...alert, status: "resolved", endsAt };
}

/** A webhook body of version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). */
export function webhook(...alerts: PostedAlert[]) {
  const isFiring = alerts.some(({ status }) => status === "firing");
  return {
    version: "4",
    groupKey: '{}:{alertname="A"}',
    truncatedAlerts: 0,
    status: isFiring ? "firing" : "resolved",
    receiver: "relay",
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: "http://localhost:9093",
    alerts,
  };
}
