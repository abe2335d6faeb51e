import { StackError } from "../stack/project.ts";
import { run } from "../stack/run.ts";

/** Runs a program of the system's. @throws {StackError} with what it says */
export async function command(program: string, ...args: string[]): Promise<string> {
  try {
    return await run(program, args);
  } catch (cause) {
    throw new StackError((cause as Error).message, { cause });
  }
}
