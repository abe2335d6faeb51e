import type { Counts, Recorded } from "./counts.ts";
import type { EventProblem } from "./event.ts";

/** What the thread that stores is started with. */
export interface StoreSettings {
  dataDir: string;
  timezone: string;
}

/** Bodies of POST /events that are to share one transaction. */
export interface StoreRequest {
  /** All of them, one after the other. */
  bytes: ArrayBuffer;
  bodies: { length: number; contentType: string }[];
  /** Milliseconds since the epoch. */
  now: number;
}

/** A body that is not events; nothing of it was counted. */
export interface Refused {
  message: string;
  problems: EventProblem[];
}

export type StoreReply =
  /** On disk. One outcome a body, and the counts that have changed, as they are now. */
  | { state: "stored"; outcomes: (Recorded | Refused)[]; changed: Counts }
  /** Nothing was counted. `hopeless` if trying again cannot help. */
  | { state: "failed"; reason: string; hopeless: boolean };
