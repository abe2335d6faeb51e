import { parseArgs } from "node:util";
import { ConfigError } from "../../config/config-error.ts";
import { EnvironmentError } from "../../config/environment.ts";
import { InterruptedError, type InterruptionWords, watchInterruption } from "./interruption.ts";
import { printable } from "./printable.ts";
import { EX_TEMPFAIL, StackError, TemporaryError, ToldError } from "./project.ts";

export interface CliOptions {
  /** Told for an option that there is not. */
  usage?: string;
  /** Refuses every argument, before the command begins; one that takes some reads them itself. */
  takesNothing?: boolean;
  /** What to add when it failed before it changed anything. */
  refused?: string;
  /** For a command that takes nothing back when it is interrupted. */
  words?: InterruptionWords;
}

/**
 * Runs a command; what the operator can mend is told without a stack trace. Exit code 75 for what
 * may succeed in a minute, 1 for any other failure, and as the system has it for an interruption.
 * @param command is handed what aborts when the operator interrupts it
 */
export async function cli(
  command: (signal: AbortSignal) => Promise<void>,
  { usage, takesNothing = false, refused, words }: CliOptions = {},
): Promise<void> {
  const interruption = watchInterruption((text) => process.stderr.write(text), words);
  const { signal } = interruption;
  // Whatever the shell allows: what others may write here, programs of ours would run.
  process.umask(process.umask() | 0o022);
  // Who reads what is told may go, as head does: what was begun is done all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  try {
    if (takesNothing) parseArgs();
    await command(signal);
  } catch (thrown) {
    const failed = thrown instanceof TemporaryError ? EX_TEMPFAIL : 1;
    process.exitCode = signal.aborted ? interruption.exitCode : failed;
    const error = signal.aborted && !isTold(thrown) ? new InterruptedError() : thrown;
    process.stderr.write(`\n❌ ${printable(tell(error, usage))}\n`);
    if (refused !== undefined && !isTold(error)) process.stderr.write(`${refused}\n`);
    // Something that is still being fetched would keep it alive.
    if (signal.aborted) process.exit();
  } finally {
    interruption.close();
  }
}

function isTold(error: unknown): boolean {
  return [ConfigError, ToldError, InterruptedError].some((kind) => error instanceof kind);
}

/** @throws what is a mistake of ours */
function tell(error: unknown, usage?: string): string {
  if (error instanceof ConfigError) return `配置有误，什么都没有改动：\n${error.message}`;
  const isOurs = [EnvironmentError, StackError, InterruptedError].some((kind) => error instanceof kind);
  if (isOurs) return (error as Error).message;
  if ((error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS")) {
    return usage === undefined ? (error as Error).message : `选项不对。用法：${usage}`;
  }
  throw error;
}
