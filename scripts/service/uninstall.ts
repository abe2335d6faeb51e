import { chownSync, existsSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { stopNative } from "../stack/native.ts";
import { StackError } from "../stack/project.ts";
import { run } from "../stack/run.ts";
import { requireSystemd, type ServiceOptions } from "./install.ts";
import { moveFolder } from "./move-folder.ts";
import { isService, SERVICE_STATE, SERVICE_USER, TARGET, UNIT_FOLDER } from "./names.ts";
import { mountPoints } from "./unit.ts";
import { systemctl, unitFiles } from "./units.ts";

/** Undoes what installService did. Every step finds out whether there is anything to undo. */
export async function uninstallService({ project, paths, report, signal }: ServiceOptions): Promise<void> {
  requireSystemd();
  if (!isService(paths.root)) throw new StackError("监控没有安装成系统服务");
  await stopNative(paths, report, signal);
  await removeUnits();
  await moveStateBack(project, paths.root);
  const isThere = await run("id", [SERVICE_USER]).catch(() => undefined);
  if (isThere !== undefined) await run("userdel", [SERVICE_USER]);
  report.line("✅ 系统服务已卸载，数据移回了 .stack。npm start 会以本机方式启动");
}

async function removeUnits(): Promise<void> {
  const units = unitFiles(UNIT_FOLDER);
  const target = join(UNIT_FOLDER, TARGET);
  if (existsSync(target)) await systemctl("disable", "--quiet", "--now", TARGET);
  for (const unit of units) await systemctl("stop", unit);
  const texts = units.map((unit) => readFileSync(join(UNIT_FOLDER, unit), "utf8"));
  for (const file of [...units, TARGET]) rmSync(join(UNIT_FOLDER, file), { force: true });
  for (const folder of texts.flatMap(mountPoints)) removeEmpty(folder);
  await systemctl("daemon-reload");
  await systemctl("reset-failed");
}

/** Made to be mounted on; one that holds something was there before. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or not there.
  }
}

/** To the owner of the checkout, who may then start it without being root. */
async function moveStateBack(project: string, root: string): Promise<void> {
  rmSync(root);
  await moveFolder(SERVICE_STATE, root);
  const { uid, gid } = statSync(project);
  await run("chown", ["-R", "--no-dereference", `${uid}:${gid}`, root]);
  await run("chmod", ["0700", root]);
  const dotenv = join(project, ".env");
  if (existsSync(dotenv)) chownSync(dotenv, uid, gid);
  // systemd's records and environments.
  rmSync(join(root, "run"), { recursive: true, force: true });
}
