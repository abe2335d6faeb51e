import { chownSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../stack/lock.ts";
import { stopNative } from "../stack/native.ts";
import { StackError } from "../stack/project.ts";
import { command } from "./command.ts";
import type { ServiceOptions } from "./install.ts";
import { copyBack, moveBack, moveOut, unfinishedMove } from "./move-state.ts";
import { isService, UNIT_FOLDER } from "./names.ts";
import { removeTarget, removeUnits, unitFiles } from "./units.ts";
import { removeUser } from "./user.ts";

/**
 * Undoes what installService did. Every step finds out whether there is anything to undo; that the state is back in its
 * place is the last, and tells that nothing is left to do.
 */
export async function uninstallService(options: ServiceOptions): Promise<void> {
  const { project, paths, report } = options;
  const { root } = paths;
  if (unfinishedMove(root) === "install-service") await moveOut(root);
  if (unfinishedMove(root) === undefined) {
    if (!isService(root)) throw new StackError("监控没有安装成系统服务");
    await withLock(root, () => leave(options));
  }
  await removeUser();
  await giveBack(project);
  await moveBack(root);
  report.line("✅ 系统服务已卸载，数据移回了 .stack。npm start 会以本机方式启动");
}

async function leave({ paths, report, signal }: ServiceOptions): Promise<void> {
  await stopNative(paths, report, signal);
  signal.throwIfAborted();
  await copyBack(paths.root, async () => {
    await removeUnits(unitFiles(UNIT_FOLDER));
    await removeTarget();
  });
}

/** To the owner of the checkout, who may then start it without being root. What lies elsewhere is not ours to give. */
async function giveBack(project: string): Promise<void> {
  const { uid, gid } = statSync(project);
  const dotenv = join(project, ".env");
  if (existsSync(dotenv)) chownSync(dotenv, uid, gid);
  const archives = join(project, "backups");
  if (existsSync(archives)) await command("chown", "-R", "--no-dereference", `${uid}:${gid}`, archives);
}
