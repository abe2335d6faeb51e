import { SIGNALS } from "./interruption.ts";
import { PROJECT, StackError } from "./project.ts";

/** 0 all is well, 1 something is not, 2 it could not even be looked at. */
const PROBLEMS = 1;
const FAILED = 2;

/**
 * Runs a command that only looks.
 * @param usage shown for an option that there is not
 * @param command @returns whether something is wrong
 */
export async function look(usage: string, command: () => Promise<boolean>): Promise<void> {
  process.chdir(PROJECT);
  // By itself Ctrl-C ends it without what is to be done at an exit.
  for (const [signal, status] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(status));
  // Who reads it may go, as head does.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  let code = FAILED;
  try {
    code = (await command()) ? PROBLEMS : 0;
  } catch (error) {
    process.stderr.write(`❌ ${tell(error as NodeJS.ErrnoException, usage)}\n`);
  }
  // A question that nobody answers would keep it alive; what was written to a pipe has to get there.
  process.stdout.write("", () => process.exit(code));
}

function tell(error: NodeJS.ErrnoException, usage: string): string {
  if (error.code?.startsWith("ERR_PARSE_ARGS")) return `选项不对。用法：${usage}`;
  if (error instanceof StackError) return error.message;
  return `没能完成（${error.message}），请把这一行交给开发`;
}
