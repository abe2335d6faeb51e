import type { Event } from "./event.ts";
import type { EventStore, Recorded } from "./store.ts";

/** Takes batches of events and answers once they are on disk. */
export interface EventJournal {
  /** @throws {StorageError} when the disk refuses; then nothing of the batch was counted */
  record(batch: Event[]): Promise<Recorded>;
}

/** The events could not be stored; whoever sent them should send them again. */
export class StorageError extends Error {
  override readonly name = "StorageError";
}

/** Requests that wait together share one transaction, and so one fsync. */
export function createEventJournal(store: EventStore): EventJournal {
  let waiting: { batch: Event[]; settle: PromiseWithResolvers<Recorded> }[] = [];

  function flush(): void {
    const taken = waiting;
    waiting = [];
    try {
      const recorded = store.record(taken.map(({ batch }) => batch));
      for (const [index, outcome] of recorded.entries()) taken[index]?.settle.resolve(outcome);
    } catch (cause) {
      const error = new StorageError("events cannot be stored at the moment, send them again later", {
        cause,
      });
      for (const { settle } of taken) settle.reject(error);
    }
  }

  return {
    record(batch) {
      const settle = Promise.withResolvers<Recorded>();
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ batch, settle });
      return settle.promise;
    },
  };
}
