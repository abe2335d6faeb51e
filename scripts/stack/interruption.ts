/** What is told instead of the error that an interruption happens to end in. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";

  /** @param state what things are in now */
  constructor(state = "什么都没有改动。") {
    super(`已中断。${state}`);
  }
}

/** Milliseconds. npm hands on to its child what the terminal has already sent to both. */
const SAME_SIGNAL = 1000;

/** Exit codes as of a process that the signal ended. */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143 };

export interface Interruption {
  /** Aborts at the first signal: whoever has changed something takes it back. */
  signal: AbortSignal;
  exitCode: number;
  /** Gives the signals back to the system. */
  close(): void;
}

/** What the operator is told at the first Ctrl-C, and at one that ends it at once. */
export interface InterruptionWords {
  first: string;
  second: string;
}

const CHANGING: InterruptionWords = {
  first: "正在中断，把已改动的恢复原样，请稍候（再按一次 Ctrl-C 立即结束，那样可能有部分停着）",
  second: "没有等到恢复完成就结束了，可能有部分没有在运行：请执行 npm start",
};

/** From now on Ctrl-C ends nothing by itself, but for a second one. */
export function watchInterruption(write: (text: string) => void, words = CHANGING): Interruption {
  const abort = new AbortController();
  let first = 0;
  const interruption = {
    signal: abort.signal,
    exitCode: 1,
    close() {
      for (const name of Object.keys(SIGNALS)) process.removeListener(name, onSignal);
    },
  };
  function onSignal(name: keyof typeof SIGNALS): void {
    interruption.exitCode = SIGNALS[name];
    if (!abort.signal.aborted) {
      first = Date.now();
      write(`\n${words.first}\n`);
      abort.abort(new InterruptedError());
    } else if (Date.now() - first > SAME_SIGNAL) {
      write(`\n❌ ${words.second}\n`);
      process.exit(interruption.exitCode);
    }
  }
  for (const name of Object.keys(SIGNALS)) process.on(name, onSignal);
  return interruption;
}

/** The result of work that changes nothing; an interruption does not wait for its end. */
export async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const interrupted = Promise.withResolvers<never>();
  const onAbort = () => interrupted.reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work, interrupted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    work.catch(() => {});
  }
}

/** Why a change is given up: a program that Ctrl-C ended as well has no reason of its own. */
export function reasonOf(error: unknown, signal: AbortSignal): Error {
  return signal.aborted ? new Error("已中断。") : (error as Error);
}
