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
  /** Where Prometheus shows the expression; of an alert that is not Prometheus's, anything or nothing. */
  generatorUrl: string;
  /** It ended before anybody could be told that it had begun. */
  isUntold?: true;
}

export type AlertStatus = "firing" | "resolved";

/** Begins the fingerprints of what the relay says of itself; Alertmanager's are 16 hexadecimal digits. */
export const OWN = "relay-";

/** Whether the relay says it of itself: then it has not passed through Alertmanager, which knows nothing of it. */
export function isOwn({ fingerprint }: Alert): boolean {
  return fingerprint.startsWith(OWN);
}

export function isCritical({ labels }: Alert): boolean {
  return labels.severity === "critical";
}
