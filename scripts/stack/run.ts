import { execFile } from "node:child_process";
import { promisify } from "node:util";

const exec = promisify(execFile);

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds. */
  timeout?: number;
  /** What it reads from standard input; nothing by default. */
  input?: string;
}

/**
 * Runs a program to its end.
 * @returns what it wrote to standard output
 * @throws with the end of what it wrote to standard error
 */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<string> {
  try {
    const { input, ...others } = options;
    const running = exec(program, args, { ...others, maxBuffer: 32 * 1024 * 1024 });
    // One that does not read it, or dies before, is told by its end.
    running.child.stdin?.on("error", () => {}).end(input);
    return (await running).stdout;
  } catch (cause) {
    throw new Error(`${program} ${args[0] ?? ""}：${wordsOf(cause as Failure, options)}`, { cause });
  }
}

type Failure = Partial<{ stderr: string; code: string | number | null; killed: boolean; signal: string }>;

function wordsOf({ stderr = "", code, killed, signal }: Failure, { timeout = 0 }: RunOptions): string {
  // There is no code then.
  if (killed && code === null) return `${timeout / 1000} 秒没有应答`;
  return stderr.trim().split("\n").slice(-3).join(" ") || `${code ?? signal}`;
}
