import { ConfigError } from "../../config/config-error.ts";
import { EnvironmentError } from "../../config/environment.ts";
import { StackError } from "./project.ts";

/** Runs a command; what the operator can mend is told without a stack trace. Exit code 1 for any failure. */
export async function cli(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof ConfigError)
      process.stderr.write(`\n❌ 配置有误，什么都没有启动：\n${error.message}\n`);
    else if ((error as NodeJS.ErrnoException).code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
      process.stderr.write(`\n❌ 未知的选项，可用的是 --native 和 --docker\n`);
    } else if (error instanceof EnvironmentError || error instanceof StackError) {
      process.stderr.write(`\n❌ ${error.message}\n`);
    } else throw error;
  }
}
