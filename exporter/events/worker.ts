import { parentPort, workerData } from "node:worker_threads";
import { DatabaseTooNewError } from "../../service/database.ts";
import { type Event, InvalidEventsError, parseEvents } from "./event.ts";
import type { Refused, StoreReply, StoreRequest, StoreSettings } from "./protocol.ts";
import { type EventStore, openEventStore } from "./store.ts";

/*
 * The thread that reads and stores events: a disk that does not answer holds up this thread and no scrape, and
 * neither does the reading of a large batch. It takes one request at a time and answers each.
 */
const { dataDir, timezone } = workerData as StoreSettings;
let store: EventStore | undefined;

parentPort?.on("message", (request: StoreRequest | "close") => {
  if (request === "close") {
    store?.close();
    parentPort?.close();
  } else parentPort?.postMessage(answer(request));
});

function answer(request: StoreRequest): StoreReply {
  const parsed = parseBodies(request);
  try {
    return storeBatches(parsed, request.now);
  } catch (error) {
    // Opened anew for the next request: SQLite may not go on after an error of the disk.
    store?.close();
    store = undefined;
    return { state: "failed", reason: reasonOf(error), hopeless: error instanceof DatabaseTooNewError };
  }
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

function storeBatches(parsed: (Event[] | Refused)[], now: number): StoreReply {
  const opened = store === undefined;
  store ??= openEventStore(dataDir, timezone);
  const { recorded, changed } = store.record(parsed.filter(Array.isArray), now);
  const outcomes = recorded.values();
  return {
    state: "stored",
    outcomes: parsed.map((events) => {
      const outcome = Array.isArray(events) ? outcomes.next().value : events;
      if (outcome === undefined) throw new Error("a batch without an outcome");
      return outcome;
    }),
    changed: opened ? store.readAll() : changed,
  };
}

/** SQLite's or the system's own words, without the path, which callers need not know. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const { errstr, code } = (cause ?? error) as { errstr?: string; code?: string };
  return errstr ?? (cause instanceof Error ? (code ?? cause.message) : message);
}
