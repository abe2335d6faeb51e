import { type Answer, type StatfsThread, startStatfsThread } from "./statfs-thread.ts";
import { within } from "./within.ts";

/** A mount to ask. */
export interface Question {
  /** Of this very mount. */
  id: string;
  path: string;
}

/** An answer, or none within the patience, or not asked for want of a thread. */
export type Outcome = Answer | { kind: "hung" } | { kind: "unasked" };

/** Asks file systems how full they are, and waits for none of them longer than the patience. */
export interface Statfs {
  /** @returns the outcome of each, in order */
  ask(questions: Question[]): Promise<Outcome[]>;
  /** Ends the threads that can be ended; the next question starts one again. */
  stop(): void;
}

export interface StatfsOptions {
  /** Milliseconds after which a file system counts as hung. */
  patience?: number;
  /** How many threads there may be, stuck ones included. */
  limit?: number;
  startThread?: () => StatfsThread;
}

const HUNG = { kind: "hung" } as const;
const UNASKED = { kind: "unasked" } as const;

/**
 * A question to a dead server blocks its thread until the server is back, and nothing can call it off. So:
 *
 * - One thread asks one mount after the other. Past a twentieth of the patience the next mount is asked by another.
 * - Past the patience the mount is hung, and its thread is stuck with it. It is not asked again until the thread
 *   comes back; that one ends then, and the next round asks again. So a mount blocks one thread at most.
 * - With `limit` threads but one stuck, the last one asks only what answered before: new mounts go unasked, those
 *   known to be well stay visible.
 */
export function createStatfs({
  patience = 2000,
  limit = 16,
  startThread = startStatfsThread,
}: StatfsOptions = {}): Statfs {
  const idle: StatfsThread[] = [];
  /** The thread of each hung mount. */
  const stuck = new Map<string, StatfsThread>();
  /** Those that answered when they were asked last. */
  const well = new Set<string>();
  let stopped = false;

  async function askOne({ id, path }: Question): Promise<Outcome> {
    const thread = idle.pop() ?? startThread();
    thread.hold(true);
    const answer = thread.ask(path);
    try {
      const outcome = await within(answer, patience);
      if (outcome === undefined) {
        abandon(id, thread, answer);
        return HUNG;
      }
      idle.push(thread);
      well.add(id);
      return outcome;
    } catch (error) {
      return { kind: "refused", code: "THREAD", message: `its thread broke: ${(error as Error).message}` };
    } finally {
      thread.hold(false);
    }
  }

  function abandon(id: string, thread: StatfsThread, answer: Promise<Answer>): void {
    if (stuck.size === 0) process.on("exit", killProcess);
    stuck.set(id, thread);
    well.delete(id);
    const release = () => {
      stuck.delete(id);
      if (stuck.size === 0) process.off("exit", killProcess);
      thread.end();
    };
    answer.then(release, release);
  }

  /** Whether a thread may be risked on the mount. */
  function mayAsk({ id }: Question): boolean {
    const left = limit - stuck.size;
    return left > 1 || (left === 1 && well.has(id));
  }

  async function askAll(questions: Question[]): Promise<Outcome[]> {
    const outcomes: Promise<Outcome>[] = [];
    for (const question of questions) {
      // Each one under way may prove stuck.
      if (stuck.size + outcomes.length >= limit - 1) await Promise.all(outcomes);
      if (stuck.has(question.id)) outcomes.push(Promise.resolve(HUNG));
      else if (!mayAsk(question)) outcomes.push(Promise.resolve(UNASKED));
      else {
        const outcome = askOne(question);
        outcomes.push(outcome);
        await within(outcome, patience / 20);
      }
    }
    return Promise.all(outcomes);
  }

  return {
    async ask(questions) {
      stopped = false;
      const outcomes = await askAll(questions);
      for (const thread of idle.splice(stopped ? 0 : 1)) thread.end();
      return outcomes;
    },
    stop() {
      stopped = true;
      for (const thread of idle.splice(0)) thread.end();
    },
  };
}

/** Leaving waits for every thread, whatever way it is done; a stuck one would keep the process for ever. */
function killProcess(): void {
  process.kill(process.pid, "SIGKILL");
}
