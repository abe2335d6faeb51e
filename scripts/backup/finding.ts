import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasContainers } from "../stack/compose.ts";
import { chooseKind, type Force, type StackKind } from "../stack/kind.ts";
import { PROJECT, StackError, statePaths, ToldError } from "../stack/project.ts";
import type { Report } from "../stack/report.ts";
import type { Access } from "./access.ts";
import { composeAccess } from "./compose-access.ts";
import { nativeAccess } from "./native-access.ts";
import { undoRestore } from "./restoring.ts";
import { configInPlace, unfinishedRestore } from "./unfinished.ts";

export interface Found {
  kind: StackKind;
  access: Access;
}

/**
 * The stack that runs; where none does, the one that npm start would start, unless only the other has data.
 * @throws {StackError} when it is asked for one that cannot be had
 */
export async function findAccess(force: Force, report: Report): Promise<Found> {
  const kind = await findKind(force);
  const access = await accessTo(kind, report);
  report.line(`✅ ${access.title}${access.isRunning ? "，在运行" : "，没有在运行"}`);
  return { kind, access };
}

async function findKind(force: Force): Promise<StackKind> {
  const paths = statePaths(join(PROJECT, ".stack"));
  const { kind } = await chooseKind(force, paths);
  if (kind === "native" || force.docker || (await hasContainers(PROJECT))) return kind;
  return existsSync(paths.data) ? "native" : "docker";
}

async function accessTo(kind: StackKind, report: Report): Promise<Access> {
  return kind === "native"
    ? nativeAccess(statePaths(join(PROJECT, ".stack")), report)
    : composeAccess(PROJECT, report);
}

/**
 * Takes back a restore that was killed, before anything is started on what it left.
 * @throws {ToldError} when that cannot be done, or not to its end
 */
export async function finishUnfinishedRestore(report: Report): Promise<void> {
  const kind = unfinishedRestore();
  if (kind === undefined) return;
  report.line("上一次恢复没有完成，换回原来的数据和 config.ini：");
  try {
    await undoRestore(await accessTo(kind, report), configInPlace());
  } catch (cause) {
    if (!(cause instanceof StackError)) throw cause;
    throw new ToldError(`没能换回原来的数据：${cause.message}\n请再执行一次 npm start`, { cause });
  }
  report.line("✅ 已换回");
}
