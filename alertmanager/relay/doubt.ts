import type { Alert } from "./alert.ts";

/**
 * Milliseconds without a heartbeat after which an end is doubted. Alertmanager ends an alert by itself once Prometheus
 * has not spoken of it for 4 minutes (4 times --rules.alert.resend-delay), whether it is over or Prometheus is dead.
 * A living one is heard every 2 minutes at the latest: it repeats its alerts each minute, and so does Alertmanager.
 */
export const DOUBTFUL_SILENCE = 150_000;

/** Ends that came without a sign of life of Prometheus, to be told as what they are. */
export function doubtEnds(alerts: Alert[]): Alert[] {
  return alerts.map((alert) =>
    alert.status === "firing"
      ? alert
      : {
          ...alert,
          annotations: { ...alert.annotations, doubt: "Prometheus 没有心跳，无法确认是否真的恢复" },
        },
  );
}

export function isDoubtful({ status, annotations }: Alert): boolean {
  return status === "resolved" && annotations.doubt !== undefined;
}
