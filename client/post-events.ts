import { MonitoringError } from "./error.ts";
import { type Address, type Answer, ask, isRecord, toError } from "./request.ts";
import type { EventProblem, WireEvent } from "./wire.ts";

/** What became of a batch. Only of a stored one was anything counted, unless the answer was lost. */
export type Outcome =
  | { kind: "stored" }
  /** At least one, each within the batch. */
  | { kind: "bad"; problems: EventProblem[] }
  | { kind: "too large" }
  | { kind: "failed"; error: MonitoringError };

/**
 * Sends one batch; never rejects.
 * @param timeout milliseconds
 */
export async function postEvents(address: Address, batch: WireEvent[], timeout: number): Promise<Outcome> {
  try {
    const answer = await ask(address, { method: "POST", path: "/events", body: batch, timeout });
    return judge(answer, batch.length) ?? { kind: "failed", error: toError(address, answer) };
  } catch (error) {
    if (error instanceof MonitoringError) return { kind: "failed", error };
    const message = "events cannot be sent";
    return { kind: "failed", error: new MonitoringError("unexpected", message, { cause: error }) };
  }
}

function judge({ status, body }: Answer, count: number): Outcome | undefined {
  if (status === 202 && isRecord(body) && Number(body.accepted) + Number(body.duplicates) === count)
    return { kind: "stored" };
  // One event is some hundred bytes: who finds that too large is no exporter.
  if (status === 413 && count > 1) return { kind: "too large" };
  if (status === 400 && isRecord(body) && Array.isArray(body.problems)) {
    const problems = body.problems.filter((problem) => isProblem(problem, count));
    if (problems.length > 0) return { kind: "bad", problems };
  }
  return undefined;
}

function isProblem(problem: unknown, count: number): problem is EventProblem {
  if (!isRecord(problem)) return false;
  const index = problem.index;
  return Number.isInteger(index) && Number(index) >= 0 && Number(index) < count;
}
