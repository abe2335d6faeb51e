import { existsSync, rmSync, writeFileSync } from "node:fs";
import { InterruptedError, reasonOf } from "../stack/interruption.ts";
import type { StackKind } from "../stack/kind.ts";
import { StackError, ToldError } from "../stack/project.ts";
import type { Report } from "../stack/report.ts";
import type { Access } from "./access.ts";
import type { Checked } from "./checking.ts";
import { isDiskFull } from "./saving.ts";
import { bringConfigBack, forgetOldConfig, putConfigAside, replaceConfig } from "./unfinished.ts";

export interface Restoring {
  file: string;
  checked: Checked;
  kind: StackKind;
  access: Access;
  report: Report;
  signal: AbortSignal;
}

/** A restore failed after it had begun; the message also says whether all is as before. */
export class RestoreError extends ToldError {
  override readonly name = "RestoreError";

  constructor(reason: Error, problem: Error | undefined) {
    const outcome =
      problem === undefined
        ? "已换回原来的数据和配置，一切如前。"
        : `没能完全恢复原样：${problem.message}\n请执行 npm start，它会换回原来的数据。`;
    super(`${reason.message}\n\n${outcome}`, { cause: reason });
  }
}

/**
 * An archive's data and config.ini take the place of those that are there; what ran runs again. The old stays aside
 * until then.
 * @throws {RestoreError} when it fails or is interrupted: then all is as it was before
 */
export async function restore(restoring: Restoring): Promise<void> {
  const { access, kind, checked, report, signal } = restoring;
  await prepare(restoring);
  const hasDotenv = existsSync(".env");
  try {
    if (access.isRunning) await access.stop();
    signal.throwIfAborted();
    const step = report.begin("换上备份里的数据和 config.ini");
    await access.swap();
    replaceConfig(checked.config);
    if (!hasDotenv && checked.dotenv !== undefined) writeFileSync(".env", checked.dotenv, { mode: 0o600 });
    step.done();
    signal.throwIfAborted();
    if (access.isRunning) await access.start(signal);
    signal.throwIfAborted();
  } catch (error) {
    if (!hasDotenv) rmSync(".env", { force: true });
    throw new RestoreError(reason(error, signal), await takeBack(restoring));
  }
  forgetOldConfig(kind);
  await access.discard();
}

/** Takes room, and can fail, while nothing has been touched yet. */
async function prepare({ file, access, kind, signal }: Restoring): Promise<void> {
  try {
    await access.unpack(file, signal);
    signal.throwIfAborted();
    putConfigAside(kind);
  } catch (error) {
    await access.putBack();
    if (!isDiskFull(error)) throw error;
    throw new StackError("磁盘已满，放不下备份里的数据。什么都没有改动：请腾出空间再恢复", { cause: error });
  }
}

function reason(error: unknown, signal: AbortSignal): Error {
  return error instanceof InterruptedError ? new Error("已中断。") : reasonOf(error, signal);
}

/** @returns what went wrong with it */
async function takeBack({ access, kind, report }: Restoring): Promise<Error | undefined> {
  report.line("没有成功，换回原来的数据：");
  try {
    await undoRestore(access, kind);
    if (access.isRunning) await access.start(new AbortController().signal);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Makes a restore that was not finished as if it had not been; nothing runs after it. */
export async function undoRestore(access: Access, kind: StackKind): Promise<void> {
  await access.stop();
  await access.putBack();
  bringConfigBack(kind);
}
