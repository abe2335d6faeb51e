import type { MonitoringError, MonitoringErrorKind } from "./error.ts";
import type { Tell } from "./tell.ts";

/** How long to wait after a failed attempt; milliseconds. */
export interface RetryTiming {
  /** The first retry; each further one waits twice as long, up to the longest. */
  firstRetry: number;
  longestRetry: number;
  /** While the exporter asks for another token, or is none: only a person can change that. */
  slowRetry: number;
}

/** What is in the way of sending: told when it changes, not with every attempt. */
export interface Trouble {
  readonly exists: boolean;
  add(error: MonitoringError): void;
  /** The exporter took, or judged, what was sent. */
  end(): void;
  /** Begins with short waits again. */
  restart(): void;
  /** Milliseconds until the next attempt, spread so that many processes do not come back at the same moment. */
  delay(): number;
}

const TEMPORARY: (MonitoringErrorKind | undefined)[] = ["unreachable", "unavailable"];

/** @param random from 0 to 1 */
export function createTrouble(tell: Tell, timing: RetryTiming, random: () => number): Trouble {
  let kind: MonitoringErrorKind | undefined;
  let failures = 0;
  return {
    get exists() {
      return kind !== undefined;
    },
    add(error) {
      failures++;
      if (error.kind === kind) return;
      kind = error.kind;
      tell(error);
    },
    end() {
      kind = undefined;
      failures = 0;
    },
    restart() {
      failures = 0;
    },
    delay() {
      const growing = Math.min(timing.longestRetry, timing.firstRetry * 2 ** Math.max(0, failures - 1));
      return (TEMPORARY.includes(kind) ? growing : timing.slowRetry) * (0.5 + random() / 2);
    },
  };
}
