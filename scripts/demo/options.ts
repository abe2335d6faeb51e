import { parseArgs } from "node:util";
import { StackError } from "../stack/project.ts";
import { LONGEST } from "./timetable.ts";

export interface DemoOptions {
  minutes: number | undefined;
  /** Also where messages have been counted before. */
  yes: boolean;
}

/** Told for --help, and for what is not understood. */
export const USAGE = "用法：npm run demo -- [--minutes 分钟数] [--yes]";

/** @returns undefined where only the usage is asked for @throws {StackError} */
export function readOptions(args: string[]): DemoOptions | undefined {
  const { minutes, yes = false, help = false } = parse(args);
  if (help) return undefined;
  if (minutes !== undefined && !/^\d{1,3}(\.\d+)?$/.test(minutes)) {
    throw new StackError(`--minutes 应为数字（分钟）。${USAGE}`);
  }
  return { minutes: minutes === undefined ? undefined : Number(minutes), yes };
}

const OPTIONS = { minutes: { type: "string" }, yes: { type: "boolean" }, help: { type: "boolean" } } as const;

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (cause) {
    const isKnown = (cause as NodeJS.ErrnoException).code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE";
    throw new StackError(`${isKnown ? "选项的值不对" : "不认识的选项"}。${USAGE}`, { cause });
  }
}

/**
 * How long it is to take: what was asked for, else a little more than it has to.
 * @param shortest minutes that the rules in force need
 * @throws {StackError}
 */
export function chooseMinutes(asked: number | undefined, shortest: number): number {
  const least = Math.ceil(shortest);
  if (asked === undefined) return least + 1;
  if (asked >= shortest && asked <= LONGEST) return asked;
  throw new StackError(
    `--minutes 应为 ${least} 到 ${LONGEST}：规则要等一段时间才告警、才恢复，按现在的规则至少要 ${least} 分钟`,
  );
}
