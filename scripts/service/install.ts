import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { finishUnfinishedRestore } from "../backup/finding.ts";
import { ensureDotenv } from "../stack/dotenv.ts";
import { withLock } from "../stack/lock.ts";
import { startNative, stopNative } from "../stack/native.ts";
import { StackError, type StatePaths } from "../stack/project.ts";
import type { Report } from "../stack/report.ts";
import { checkSettings, readSettings, type Settings } from "../stack/settings.ts";
import { command } from "./command.ts";
import { moveBack, moveOut, unfinishedMove } from "./move-state.ts";
import { isService, SERVICE_STATE, SERVICE_USER, TARGET, UNIT_FOLDER, unitName } from "./names.ts";
import { requireReadable } from "./readable.ts";
import { systemctl, unitFiles } from "./units.ts";
import { addUser } from "./user.ts";

export interface ServiceOptions {
  project: string;
  paths: StatePaths;
  report: Report;
  signal: AbortSignal;
}

/**
 * Makes the native stack a service of the machine. Every step finds out whether it has been done: an installation that
 * was broken off is finished by the next one.
 * @throws {StackError} before anything is changed, where it could not work
 */
export async function installService({ project, paths, report, signal }: ServiceOptions): Promise<void> {
  const { root } = paths;
  if (unfinishedMove(root) === "uninstall-service") await moveBack(root);
  requireReadable(project);
  requireOwnState(root);
  // One that was broken off with it has done so.
  if (unfinishedMove(root) === undefined) await withLock(root, () => finishUnfinishedRestore(report));
  ensureDotenv(".env", ".env.example", process.env);
  const settings = readSettings();
  await checkSettings(settings);
  for (const line of planOf(root, settings)) report.line(line);
  await addUser();
  if (unfinishedMove(root) === "install-service") await moveOut(root);
  if (!isService(root)) await withLock(root, () => leave(paths, report, signal));
  await closeState(paths);
  // Another lock: on another disk the one before was a file that is gone.
  const { isReady } = await withLock(root, () =>
    startNative({ project, paths, ...settings, report, fetchServers: true, keepLate: true, signal }),
  );
  await systemctl("enable", "--quiet", TARGET);
  await systemctl("start", TARGET);
  report.line(`✅ 已安装成系统服务，开机会自动启动：${unitFiles(UNIT_FOLDER).join("、")}`);
  report.line("npm start、npm stop、npm run apply 照旧使用，但要用 root 执行（例如在前面加 sudo）。");
  if (!isReady) process.exitCode = 1;
}

function planOf(root: string, { config }: Settings): string[] {
  const backups = config.backup.keep > 0 ? "（每日备份例外：以 root 运行，只有读写文件的权限）" : "";
  return [
    "安装系统服务：",
    `  1. 新建系统用户 ${SERVICE_USER}，各部分都以它运行${backups}`,
    `  2. 停下正在运行的监控，把 .stack 移到 ${SERVICE_STATE}，在 ${root} 留一个链接；数据都保留`,
    `  3. 在 ${UNIT_FOLDER} 写入 ${TARGET} 和每部分一个的 ${unitName("…")}，并启动`,
    "  npm run uninstall-service 会全部撤销。",
  ];
}

export function requireSystemd(): void {
  if (process.getuid?.() !== 0) throw new StackError("请用 root 执行，例如在命令前加 sudo");
  if (!existsSync("/run/systemd/system")) {
    throw new StackError("这台机器不是由 systemd 启动的，不能安装系统服务。请照使用指南第 3.6 节用 crontab");
  }
}

/** @throws {StackError} where the place belongs to another checkout, or holds data that would be overwritten */
function requireOwnState(root: string): void {
  if (isService(root) || unfinishedMove(root) !== undefined || !existsSync(SERVICE_STATE)) return;
  const [owner] = unitFiles(UNIT_FOLDER).map(checkoutOf);
  throw new StackError(
    owner === undefined
      ? `${SERVICE_STATE} 已经存在，不知道属于哪一份安装。里面的数据要接着用，请执行 ln -s ${SERVICE_STATE} ${root} 再试一次；不要了，请把它改名移开`
      : `${SERVICE_STATE} 已经存在，属于 ${owner} 的安装。请先在那里执行 npm run uninstall-service`,
  );
}

function checkoutOf(unit: string): string {
  return /^WorkingDirectory=(.*)$/m.exec(readFileSync(join(UNIT_FOLDER, unit), "utf8"))?.[1] ?? unit;
}

async function leave(paths: StatePaths, report: Report, signal: AbortSignal): Promise<void> {
  await stopNative(paths, report, signal);
  signal.throwIfAborted();
  // What ran by itself does not any more.
  rmSync(paths.run, { recursive: true, force: true });
  await moveOut(paths.root);
}

async function closeState({ root }: StatePaths): Promise<void> {
  await command("chown", `root:${SERVICE_USER}`, `${root}/`);
  await command("chmod", "0750", `${root}/`);
}
