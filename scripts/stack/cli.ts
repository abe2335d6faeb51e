import { ConfigError } from "../../config/config-error.ts";
import { EnvironmentError } from "../../config/environment.ts";
import { RevertedError, StackError } from "./project.ts";

/**
 * Runs a command; what the operator can mend is told without a stack trace. Exit code 1 for any failure.
 * @param refused what to add when it failed before it changed anything
 */
export async function cli(command: () => Promise<void>, refused?: string): Promise<void> {
  try {
    await command();
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`\n❌ ${tell(error)}\n`);
    const isTold = error instanceof ConfigError || error instanceof RevertedError;
    if (refused !== undefined && !isTold) process.stderr.write(`${refused}\n`);
  }
}

/** @throws what is a mistake of ours */
function tell(error: unknown): string {
  if (error instanceof ConfigError) return `配置有误，什么都没有改动：\n${error.message}`;
  if (error instanceof EnvironmentError || error instanceof StackError) return error.message;
  if ((error as NodeJS.ErrnoException).code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    return "未知的选项，可用的是 --native 和 --docker";
  }
  throw error;
}
