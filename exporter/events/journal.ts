import type { Clock } from "../../service/clock.ts";
import { type Counts, mergeCounts, type Recorded } from "./counts.ts";
import { InvalidEventsError } from "./event.ts";
import type { Refused, StoreReply } from "./protocol.ts";
import type { StoreThread } from "./thread.ts";

/** Milliseconds after which a disk that has not answered counts as failed. */
const DEADLINE = 10_000;
/** Bytes of bodies that share one transaction; one body alone may be larger. */
const TRANSACTION_BYTES = 16 * 1024 * 1024;

/** Bytes of bodies that may wait, while the disk is slow. */
const WAITING_BYTES = 64 * 1024 * 1024;
/** What a body takes besides its own bytes. */
const OVERHEAD = 500;

/** Takes the bodies of POST /events and answers once the events are on disk. */
export interface EventJournal {
  /**
   * Whether events can be stored; opens the database, and tries again what has failed.
   * @throws {StorageError}
   */
  check(): Promise<void>;
  /**
   * @throws {InvalidEventsError} naming every bad event
   * @throws {StorageError} when the disk refuses or does not answer
   */
  record(body: Uint8Array, contentType: string): Promise<Recorded>;
  /** What is on disk, as far as it was told; undefined until the database could be read. */
  readonly counts: Counts | undefined;
  /** Finishes the transaction that is under way, and refuses what waits. */
  close(): Promise<void>;
}

/** The events could not be stored; whoever sent them should send them again. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** Whether trying again cannot help. */
  readonly hopeless: boolean;

  constructor(reason: string, { hopeless = false } = {}) {
    super(`events cannot be stored at the moment, send them again later: ${reason}`);
    this.hopeless = hopeless;
  }
}

const closedError = () => new StorageError("the exporter is stopping");

interface Waiting {
  body: Uint8Array;
  contentType: string;
  settle: PromiseWithResolvers<Recorded>;
}

export interface JournalOptions {
  thread: StoreThread;
  clock: Clock;
  /** Milliseconds. */
  deadline?: number;
}

/**
 * Requests that wait together share one transaction, and so one fsync. One transaction is under way at a time; what
 * comes meanwhile waits for the next. When one is overdue, everybody is refused until it comes back: what waited was
 * not counted, what was under way may yet be, and only an `id` tells when it is sent again.
 */
export function createEventJournal({ thread, clock, deadline = DEADLINE }: JournalOptions): EventJournal {
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  let underWay = false;
  let overdue: StorageError | undefined;
  let counts: Counts | undefined;
  let closed = false;

  function record(body: Uint8Array, contentType: string): Promise<Recorded> {
    if (overdue !== undefined) return Promise.reject(overdue);
    if (closed) return Promise.reject(closedError());
    const bytes = waitingBytes + body.length + OVERHEAD;
    if (bytes > WAITING_BYTES) return Promise.reject(new StorageError("too many wait for the disk already"));
    waitingBytes = bytes;
    const settle = Promise.withResolvers<Recorded>();
    if (waiting.length === 0) setImmediate(gather, 0);
    waiting.push({ body, contentType, settle });
    return settle.promise;
  }

  /** Goes on as long as each turn of the loop brings more: the more share an fsync, the more a second can take. */
  function gather(before: number): void {
    if (waiting.length > before) setImmediate(gather, waiting.length);
    else flush();
  }

  function take(count: number): Waiting[] {
    const taken = waiting.splice(0, count);
    for (const { body } of taken) waitingBytes -= body.length + OVERHEAD;
    return taken;
  }

  async function flush(): Promise<void> {
    if (underWay || waiting.length === 0) return;
    const taken = take(countTogether(waiting));
    underWay = true;
    const timer = setTimeout(() => {
      overdue = new StorageError(`the disk has not answered for ${deadline / 1000} s`);
      for (const { settle } of [...taken, ...take(waiting.length)]) settle.reject(overdue);
    }, deadline);
    const reply = await ask(thread, taken, clock.now());
    clearTimeout(timer);
    overdue = undefined;
    underWay = false;
    if (reply.state === "stored") counts = mergeCounts(counts, reply.changed);
    answer(taken, reply);
    flush();
  }

  return {
    async check() {
      await record(Buffer.from("[]"), "application/json");
    },
    record,
    get counts() {
      return counts;
    },
    async close() {
      closed = true;
      for (const { settle } of take(waiting.length)) settle.reject(closedError());
      await thread.stop();
    },
  };
}

/** How many of the first share a transaction. */
function countTogether(waiting: Waiting[]): number {
  let bytes = 0;
  const end = waiting.findIndex(({ body }, index) => {
    bytes += body.length;
    return bytes > TRANSACTION_BYTES && index > 0;
  });
  return end === -1 ? waiting.length : end;
}

async function ask(thread: StoreThread, taken: Waiting[], now: number): Promise<StoreReply> {
  const bytes = new Uint8Array(taken.reduce((sum, { body }) => sum + body.length, 0));
  let offset = 0;
  for (const { body } of taken) {
    bytes.set(body, offset);
    offset += body.length;
  }
  const bodies = taken.map(({ body, contentType }) => ({ length: body.length, contentType }));
  try {
    return await thread.ask({ bytes: bytes.buffer, bodies, now });
  } catch (error) {
    return { state: "failed", reason: (error as Error).message, hopeless: false };
  }
}

function answer(taken: Waiting[], reply: StoreReply): void {
  for (const [index, { settle }] of taken.entries()) {
    if (reply.state === "failed") settle.reject(new StorageError(reply.reason, reply));
    else {
      const outcome = reply.outcomes[index] as Recorded | Refused;
      if ("problems" in outcome) settle.reject(new InvalidEventsError(outcome.message, outcome.problems));
      else settle.resolve(outcome);
    }
  }
}
