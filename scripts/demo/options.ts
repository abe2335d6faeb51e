import { parseArgs } from "node:util";
import { StackError } from "../stack/project.ts";
import { LONGEST } from "./timetable.ts";

export interface DemoOptions {
  minutes: number | undefined;
  /** Also where messages have been counted before. */
  yes: boolean;
}

const USAGE = "用法：npm run demo -- [--minutes 分钟数] [--yes]";

/** @throws {StackError} */
export function readOptions(args: string[]): DemoOptions {
  const { minutes, yes = false } = parse(args);
  if (minutes !== undefined && !/^\d{1,3}(\.\d+)?$/.test(minutes)) {
    throw new StackError(`--minutes 应为数字（分钟）。${USAGE}`);
  }
  return { minutes: minutes === undefined ? undefined : Number(minutes), yes };
}

function parse(args: string[]): { minutes?: string | undefined; yes?: boolean | undefined } {
  try {
    return parseArgs({ args, options: { minutes: { type: "string" }, yes: { type: "boolean" } } }).values;
  } catch (cause) {
    throw new StackError(`不认识的选项。${USAGE}`, { cause });
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
