import { MonitoringError } from "./error.ts";
import { createEvent, type EventDetails, type Message, type Satisfaction } from "./event.ts";
import { postEvents } from "./post-events.ts";
import { createQueue } from "./queue.ts";
import { createSender, type Timing } from "./sender.ts";
import type { Settings } from "./settings.ts";
import { createLosses, type Tell, toMonitoringError } from "./tell.ts";
import type { WireEvent } from "./wire.ts";

/** Events, kept in memory until the exporter has them on disk. */
export interface Recording {
  recordMessage(message: Message): void;
  recordConsultation(details?: EventDetails): void;
  recordCase(details?: EventDetails): void;
  recordSatisfaction(satisfaction: Satisfaction): void;
  /**
   * Waits until all that was recorded so far is on the exporter's disk (or was refused, which onError is told).
   * @param options timeoutSeconds: 0 to 3600, default 10
   * @returns false where that took too long; the events go on waiting
   */
  flush(options?: { timeoutSeconds?: number | undefined }): Promise<boolean>;
  /** The settings are others: tries again at once. */
  retry(): void;
  /** One attempt of a few seconds at what waits; tells what is lost. For the end of the process. */
  sendBeforeExit(): Promise<void>;
}

export interface RecordingParts {
  /** Read each time. */
  settings: () => Settings;
  tell: Tell;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** From 0 to 1. */
  random: () => number;
  timing: Timing;
}

/** Seconds. */
const FLUSH_TIMEOUT = 10;
const LONGEST_FLUSH = 3600;

export function createRecording({ settings, tell, now, random, timing }: RecordingParts): Recording {
  const queue = createQueue(() => settings().maxWaiting);
  const post = (batch: WireEvent[], timeout: number) => postEvents(settings(), batch, timeout);
  const sender = createSender({ queue, post, tell, timing, random });
  const reason = () => `${settings().maxWaiting} wait for the exporter already (option maxWaiting)`;
  const losses = createLosses(tell, { delay: timing.interval, pause: timing.slowRetry, reason });
  /** As queue.added: what a last attempt was made at. */
  let lastTried = 0;

  function record(type: WireEvent["type"], details: unknown): void {
    try {
      if (queue.add(createEvent(type, details, now()))) sender.notice();
      else losses.add();
    } catch (error) {
      tell(toMonitoringError(error));
    }
  }

  return {
    recordMessage: (message) => record("message", message),
    recordConsultation: (details = {}) => record("consultation", details),
    recordCase: (details = {}) => record("case", details),
    recordSatisfaction: (satisfaction) => record("satisfaction", satisfaction),
    async flush(options) {
      const flushed = await sender.flush(readTimeout(options, tell) * 1000);
      losses.report();
      return flushed;
    },
    retry: () => sender.retry(),
    async sendBeforeExit() {
      losses.report();
      // An attempt brings the process to its end a second time: one is enough for the same events.
      if (queue.length === 0 || lastTried === queue.added) return;
      lastTried = queue.added;
      const waiting = await sender.sendBeforeExit();
      if (waiting === 0) return;
      tell(
        new MonitoringError(
          "dropped",
          `events lost, as the process ends before they could be sent: ${waiting}`,
        ),
      );
    },
  };
}

/** @returns seconds */
function readTimeout(options: { timeoutSeconds?: number | undefined } = {}, tell: Tell): number {
  try {
    const { timeoutSeconds = FLUSH_TIMEOUT } = options;
    if (timeoutSeconds >= 0 && timeoutSeconds <= LONGEST_FLUSH) return Number(timeoutSeconds);
    tell(new MonitoringError("invalid", `timeoutSeconds must be a number of seconds, 0 to ${LONGEST_FLUSH}`));
  } catch (error) {
    tell(toMonitoringError(error));
  }
  return FLUSH_TIMEOUT;
}
