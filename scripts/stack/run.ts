import { execFile } from "node:child_process";
import { promisify } from "node:util";

const exec = promisify(execFile);

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds. */
  timeout?: number;
}

/**
 * Runs a program to its end.
 * @returns what it wrote to standard output
 * @throws with the end of what it wrote to standard error
 */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<string> {
  try {
    return (await exec(program, args, { ...options, maxBuffer: 32 * 1024 * 1024 })).stdout;
  } catch (cause) {
    const { stderr = "", code } = cause as { stderr?: string; code?: string | number };
    const words = stderr.trim().split("\n").slice(-3).join(" ") || `${code}`;
    throw new Error(`${program} ${args[0] ?? ""}：${words}`, { cause });
  }
}
