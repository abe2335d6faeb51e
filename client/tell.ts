import { MonitoringError } from "./error.ts";

/** Hands an error to whoever wants to know; never throws. */
export type Tell = (error: MonitoringError) => void;

/** @param handler read each time; whatever it does, throwing and rejecting included, ends here */
export function createTell(handler: () => (error: MonitoringError) => unknown): Tell {
  let telling = false;
  return (error) => {
    // A handler that makes the mistake it is told of would go on forever.
    if (telling) return;
    telling = true;
    try {
      Promise.resolve(handler()(error)).catch(() => {});
    } catch {
      // The host's mistake; there is nobody else to tell.
    } finally {
      telling = false;
    }
  };
}

/** Counts events that were lost, and tells of them together. */
export interface Losses {
  add(): void;
  /** Tells now of what was not told yet. */
  report(): void;
}

/**
 * @param delay milliseconds from the first loss until it is told
 * @param pause milliseconds between two reports
 */
export function createLosses(
  tell: Tell,
  { delay, pause, reason }: { delay: number; pause: number; reason: () => string },
): Losses {
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;

  function report(): void {
    clearTimeout(timer);
    timer = undefined;
    if (lost === 0) return;
    const message = `${lost} ${lost === 1 ? "event was" : "events were"} lost: ${reason()}`;
    lost = 0;
    timer = setTimeout(report, pause).unref();
    tell(new MonitoringError("dropped", message));
  }

  return {
    add() {
      lost++;
      timer ??= setTimeout(report, delay).unref();
    },
    report,
  };
}

/** Of what an argument threw when it was read. */
export function toMonitoringError(error: unknown): MonitoringError {
  if (error instanceof MonitoringError) return error;
  return new MonitoringError("invalid", "an argument cannot be read", { cause: error });
}
