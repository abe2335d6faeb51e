/** An alert as the relay tells of it. Times are in milliseconds since the epoch. */
export interface Alert {
  /** Alertmanager's hash of the labels. */
  fingerprint: string;
  status: AlertStatus;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: number;
  /** Only of a resolved one. */
  endsAt: number | undefined;
  /** Where Prometheus shows the expression. */
  generatorUrl: string;
  /** It ended before anybody could be told that it had begun. */
  isUntold?: true;
}

export type AlertStatus = "firing" | "resolved";

export function isCritical({ labels }: Alert): boolean {
  return labels.severity === "critical";
}
