import { InterruptedError, reasonOf } from "../stack/interruption.ts";
import type { StackKind } from "../stack/kind.ts";
import { ToldError } from "../stack/project.ts";
import { inStep, type Report } from "../stack/report.ts";
import type { Access } from "./access.ts";
import type { Checked } from "./checking.ts";
import { diskTrouble, RESTORE_REMEDIES } from "./disk-trouble.ts";
import {
  bringConfigBack,
  configInPlace,
  forgetOldConfig,
  putConfigAside,
  replaceConfig,
} from "./unfinished.ts";

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
  const { access, checked, report, signal } = restoring;
  const config = configInPlace();
  await prepare(restoring, config);
  try {
    if (access.isRunning) await access.stop();
    signal.throwIfAborted();
    await inStep(report, "换上备份里的数据和 config.ini", async (step) => {
      await access.swap();
      replaceConfig(config, checked.config, checked.dotenv);
      step.done();
    });
    signal.throwIfAborted();
    if (access.isRunning) await access.start(signal);
    signal.throwIfAborted();
    forgetOldConfig(config);
  } catch (error) {
    throw new RestoreError(reason(error, signal), await takeBack(restoring, config));
  }
  await clearUp(restoring);
}

/** Takes room, and can fail, while nothing has been touched yet. */
async function prepare({ file, access, kind, signal }: Restoring, config: string): Promise<void> {
  try {
    await access.unpack(file, signal);
    signal.throwIfAborted();
    putConfigAside(config, kind);
  } catch (error) {
    // What cannot be removed now is by the next restore.
    await access.discard().catch(() => {});
    throw diskTrouble(error, RESTORE_REMEDIES);
  }
}

function reason(error: unknown, signal: AbortSignal): Error {
  if (error instanceof InterruptedError) return new Error("已中断。");
  return reasonOf(diskTrouble(error, RESTORE_REMEDIES), signal);
}

/** @returns what went wrong with it */
async function takeBack({ access, report }: Restoring, config: string): Promise<Error | undefined> {
  report.line("没有成功，换回原来的数据：");
  try {
    await undoRestore(access, config);
    if (access.isRunning) await access.start(new AbortController().signal);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Makes a restore that was not finished as if it had not been; nothing runs after it. */
export async function undoRestore(access: Access, config: string): Promise<void> {
  await access.stop();
  await access.putBack();
  bringConfigBack(config);
}

/** The restore is final, whatever becomes of this. */
async function clearUp({ access, report, signal }: Restoring): Promise<void> {
  try {
    await access.discard();
  } catch (error) {
    report.warn(`换下来的旧数据没能删除，还占着磁盘，下一次恢复时会删除：${(error as Error).message}`);
  }
  if (signal.aborted) report.warn("中断得太晚：恢复已经完成，没有换回原来的数据");
}
