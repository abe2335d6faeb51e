import type { Clock } from "../../service/clock.ts";
import type { Alert } from "./alert.ts";

/** Milliseconds of silence after which the pipeline counts as broken. */
export const WATCHDOG_SILENCE = 5 * 60_000;
/** How often that is looked at, in milliseconds. */
const CHECK_EVERY = 10_000;

const FINGERPRINT = "relay-watchdog-silent";

/** Notices that the always-firing Watchdog alert no longer arrives, and says so itself. */
export interface Watchdog {
  start(): void;
  stop(): void;
  /** The watchdog was heard. */
  heard(): void;
  /** Seconds. */
  age(): number;
}

export interface WatchdogOptions {
  clock: Clock;
  /** The alert of an earlier silence that has not ended, as the history knows it. */
  findFiring: (fingerprint: string) => { startsAt: number } | undefined;
  /** Stores an alert and tells it. */
  tell: (alert: Alert) => void;
  onError: (error: unknown) => void;
}

export function createWatchdog({ clock, findFiring, tell, onError }: WatchdogOptions): Watchdog {
  let lastHeard = clock.now();
  let timer: NodeJS.Timeout | undefined;

  function check(): void {
    const firing = findFiring(FINGERPRINT);
    const silent = clock.now() - lastHeard >= WATCHDOG_SILENCE;
    if (silent && !firing) tell(silenceAlert(lastHeard, undefined));
    if (!silent && firing && lastHeard > firing.startsAt) tell(silenceAlert(firing.startsAt, lastHeard));
  }

  function checkSafely(): void {
    try {
      check();
    } catch (error) {
      onError(error);
    }
  }

  return {
    start() {
      lastHeard = clock.now();
      timer = setInterval(checkSafely, CHECK_EVERY);
    },
    stop: () => clearInterval(timer),
    heard() {
      lastHeard = clock.now();
      checkSafely();
    },
    age: () => Math.max(0, clock.now() - lastHeard) / 1000,
  };
}

function silenceAlert(startsAt: number, endsAt: number | undefined): Alert {
  return {
    fingerprint: FINGERPRINT,
    status: endsAt === undefined ? "firing" : "resolved",
    labels: { alertname: "WatchdogSilent", severity: "critical" },
    annotations: {
      summary: "监控系统失去心跳",
      description:
        "已有 5 分钟没有收到 Prometheus 的心跳，期间发生的问题可能不会告警。请检查 Prometheus 与 Alertmanager 是否在运行。",
    },
    startsAt,
    endsAt,
    generatorUrl: "",
  };
}
