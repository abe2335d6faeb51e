import { Worker } from "node:worker_threads";

/** What a file system says about itself, in blocks. */
export interface Usage {
  kind: "usage";
  used: number;
  available: number;
}

/** The system's answer was an error: its code, for example EACCES, and its text. */
export interface Refused {
  kind: "refused";
  code: string;
  message: string;
}

export type Answer = Usage | Refused;

/** Asks one file system after the other. */
export interface StatfsThread {
  /** May never come back. @throws if the thread itself broke, which is its end */
  ask(path: string): Promise<Answer>;
  /** Whether the process stays alive for its answer. */
  hold(on: boolean): void;
  /** Ends it, unless it waits for an answer that never comes: that one nothing ends but SIGKILL to the process. */
  end(): void;
}

const FILE = new URL("statfs-worker.mjs", import.meta.url);

/** It runs in 6 MB; this is where a mistake ends. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };

/** A thread of its own: in libuv's pool, four dead mounts would take along every look-up of a name. */
export function startStatfsThread(): StatfsThread {
  const worker = new Worker(FILE, { resourceLimits: LIMITS, execArgv: [], env: {} });
  let question: PromiseWithResolvers<Answer> | undefined;
  worker.on("message", (answer: Answer) => question?.resolve(answer));
  worker.on("error", (error) => question?.reject(error));
  worker.unref();
  return {
    ask(path) {
      question = Promise.withResolvers();
      worker.postMessage(path);
      return question.promise;
    },
    hold(on) {
      if (on) worker.ref();
      else worker.unref();
    },
    end() {
      void worker.terminate();
      // Terminating holds the process until the thread has ended.
      worker.unref();
    },
  };
}
