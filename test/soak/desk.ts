import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between batches, and how many events with an id each holds: 20 a second. */
const BATCH_EVERY = 250;
const BATCH = 5;
const RETRY = 200;
const TIMEOUT = 15_000;

/** Reports events at a steady rate. What is not answered 202 is sent again, as the guide asks of applications. */
export interface Desk {
  /** Consultations with an id: counted exactly once, each. */
  readonly ids: number;
  /** Cases without an id: those that were answered 202, and those of which nobody knows. */
  readonly cases: { counted: number; unknown: number };
  /** Attempts that were not answered 202. */
  readonly refused: number;
  /** Sends what is left, and ends. @param signal not to wait for it any longer */
  stop(signal: AbortSignal): Promise<void>;
}

export function startDesk(url: string, token: string): Desk {
  const desk = { ids: 0, cases: { counted: 0, unknown: 0 }, refused: 0 };
  const waiting: unknown[][] = [];
  let stopping = false;
  let givenUp = false;
  const making = setInterval(() => {
    desk.ids += BATCH;
    waiting.push(Array.from({ length: BATCH }, () => ({ type: "consultation", id: crypto.randomUUID() })));
  }, BATCH_EVERY);

  async function post(events: unknown): Promise<boolean> {
    const headers = { Authorization: `Bearer ${token}` };
    const body = JSON.stringify(events);
    const signal = AbortSignal.timeout(TIMEOUT);
    const status = await fetch(`${url}/events`, { method: "POST", headers, body, signal }).then(
      (response) => response.arrayBuffer().then(() => response.status),
      () => undefined,
    );
    return status === 202;
  }

  async function send(): Promise<void> {
    while (!givenUp && (!stopping || waiting.length > 0)) {
      const [batch] = waiting;
      if (batch === undefined) await sleep(RETRY / 4);
      else if (await post(batch)) {
        waiting.shift();
        desk.cases[(await post({ type: "case" })) ? "counted" : "unknown"] += 1;
      } else {
        desk.refused += 1;
        await sleep(RETRY);
      }
    }
  }

  const sending = send();
  return Object.assign(desk, {
    async stop(signal: AbortSignal) {
      clearInterval(making);
      stopping = true;
      signal.addEventListener("abort", () => {
        givenUp = true;
      });
      givenUp = signal.aborted;
      await sending;
      signal.throwIfAborted();
    },
  });
}
