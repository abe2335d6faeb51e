import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { DatabaseTooNewError } from "../../service/database.ts";
import { type Counts, mergeCounts, type Recorded } from "./counts.ts";
import { type Event, InvalidEventsError, parseEvents } from "./event.ts";
import type { Refused, StoreReply, StoreRequest, StoreSettings } from "./protocol.ts";
import { type EventStore, openEventStore } from "./store.ts";

/*
 * The thread that reads and stores events: a disk that does not answer holds up this thread and no scrape, and
 * neither does the reading of a large batch. It takes one request at a time and answers each.
 */
if (parentPort !== null) answerOn(parentPort, workerData as StoreSettings);

function answerOn(port: MessagePort, { dataDir, timezone }: StoreSettings): void {
  let store: EventStore | undefined;

  function answer(request: StoreRequest): StoreReply {
    const parsed = parseBodies(request);
    try {
      let known: Counts | undefined;
      if (store === undefined) {
        store = openEventStore(dataDir, timezone);
        known = store.readAll();
      }
      const { recorded, changed } = store.record(parsed.filter(Array.isArray), request.now);
      return {
        state: "stored",
        outcomes: inPlace(parsed, recorded),
        changed: known ? mergeCounts(known, changed) : changed,
      };
    } catch (error) {
      // Opened anew for the next request: SQLite may not go on after an error of the disk.
      store?.close();
      store = undefined;
      return { state: "failed", reason: reasonOf(error), hopeless: error instanceof DatabaseTooNewError };
    }
  }

  port.on("message", (request: StoreRequest | "close") => {
    if (request === "close") {
      store?.close();
      port.close();
    } else port.postMessage(answer(request));
  });
}

function parseBodies({ bytes, bodies, now }: StoreRequest): (Event[] | Refused)[] {
  let offset = 0;
  return bodies.map(({ length, contentType }) => {
    const body = new Uint8Array(bytes, offset, length);
    offset += length;
    try {
      return parseEvents(body, contentType, now);
    } catch (error) {
      if (error instanceof InvalidEventsError) return { message: error.message, problems: error.problems };
      throw error;
    }
  });
}

/** What became of each body, in their order. */
function inPlace(parsed: (Event[] | Refused)[], recorded: Recorded[]): (Recorded | Refused)[] {
  const outcomes = recorded.values();
  return parsed.map((events) => {
    const outcome = Array.isArray(events) ? outcomes.next().value : events;
    if (outcome === undefined) throw new Error("a batch without an outcome");
    return outcome;
  });
}

/** SQLite's or the system's own words, without the path, which callers need not know. */
function reasonOf(error: unknown): string {
  const { errstr, message } = ((error as Error).cause ?? error) as { errstr?: string; message: string };
  return errstr ?? message.replace(/, \w+ '.*/s, "");
}
