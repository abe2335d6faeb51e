import type { Clock } from "../../service/clock.ts";
import { type Alert, OWN } from "./alert.ts";

/** Milliseconds of silence after which the pipeline counts as broken. */
export const WATCHDOG_SILENCE = 5 * 60_000;
/** How often that is looked at, in milliseconds. */
const CHECK_EVERY = 10_000;
/** Milliseconds for the first heartbeat after this process itself stood still: two of its rounds. */
const GRACE = 120_000;

const FINGERPRINT = `${OWN}watchdog-silent`;

/** Notices that the always-firing Watchdog alert no longer arrives, and says so itself. */
export interface Watchdog {
  start(): void;
  stop(): void;
  /** The watchdog was heard. @param at when it was sent, milliseconds since the epoch; now where it is not known */
  heard(at?: number): void;
  /** Seconds since it was heard, or since the start. */
  age(): number;
  /** Whether it was heard within this time, in milliseconds; a start is no heartbeat, but for the very first. */
  isHeard(within: number): boolean;
}

export interface WatchdogOptions {
  clock: Clock;
  /** The exporter's address for people: it serves the runbooks. */
  exporterUrl: string;
  /** The alert of an earlier silence that has not ended, as the history knows it. */
  findFiring: (fingerprint: string) => { startsAt: number } | undefined;
  /** Stores an alert and tells it. */
  tell: (alert: Alert) => void;
  /** When it was last heard, over restarts. */
  kept: { read: () => number | undefined; keep: (heardAt: number) => void };
  onError: (error: unknown) => void;
}

export function createWatchdog({
  clock,
  exporterUrl,
  findFiring,
  tell,
  kept,
  onError,
}: WatchdogOptions): Watchdog {
  /** Silence is counted from here on: the last time it was heard, or the start. */
  let quietSince = clock.now();
  // Before the very first one nothing was told that could end falsely.
  let lastHeard = kept.read() ?? clock.now();
  let timer: NodeJS.Timeout | undefined;
  let lookedAt = clock.now();
  let wokenAt = Number.NEGATIVE_INFINITY;

  /** Runs what may meet a disk that refuses; the next look, or the next time it is heard, tries again. */
  function attempt(work: (firing: { startsAt: number } | undefined) => void): void {
    try {
      work(findFiring(FINGERPRINT));
    } catch (error) {
      onError(error);
    }
  }

  function look(): void {
    const now = clock.now();
    // The machine slept, or its clock was set: the heart had no chance to be heard.
    if (now - lookedAt >= 6 * CHECK_EVERY) wokenAt = now;
    lookedAt = now;
    // What was before the clock was set back was not in the future.
    wokenAt = Math.min(wokenAt, now);
    quietSince = Math.min(quietSince, now);
    lastHeard = Math.min(lastHeard, now);
    if (now - wokenAt < GRACE) return;
    attempt((firing) => {
      const silent = clock.now() - quietSince >= WATCHDOG_SILENCE;
      if (silent && !firing) tell(silenceAlert(exporterUrl, quietSince, undefined));
    });
  }

  return {
    start() {
      quietSince = clock.now();
      lookedAt = quietSince;
      timer = setInterval(look, CHECK_EVERY);
    },
    stop: () => clearInterval(timer),
    heard(at = clock.now()) {
      const heardAt = Math.min(at, clock.now());
      quietSince = Math.max(quietSince, heardAt);
      lastHeard = heardAt;
      attempt(() => kept.keep(heardAt));
      // Only this ends a silence: a restart of the relay does not, nor does an old heartbeat that is repeated.
      attempt((firing) => {
        if (firing && clock.now() - heardAt < WATCHDOG_SILENCE)
          tell(silenceAlert(exporterUrl, firing.startsAt, quietSince));
      });
    },
    age: () => Math.max(0, clock.now() - quietSince) / 1000,
    isHeard: (within) => clock.now() - lastHeard < within,
  };
}

function silenceAlert(exporterUrl: string, startsAt: number, endsAt: number | undefined): Alert {
  return {
    fingerprint: FINGERPRINT,
    status: endsAt === undefined ? "firing" : "resolved",
    labels: { alertname: "WatchdogSilent", severity: "critical" },
    annotations: {
      summary: "监控系统失去心跳",
      description:
        "已有 5 分钟没有收到 Prometheus 的心跳，期间发生的问题可能不会告警。先在监控主机的项目目录里执行 npm start，会启动停掉的 Prometheus 或 Alertmanager。",
      runbook_url: `${exporterUrl}/runbooks/WatchdogSilent`,
    },
    startsAt,
    endsAt,
    generatorUrl: "",
  };
}
