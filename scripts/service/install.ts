import { spawnSync } from "node:child_process";
import { existsSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureDotenv } from "../stack/dotenv.ts";
import { startNative, stopNative } from "../stack/native.ts";
import { StackError, type StatePaths } from "../stack/project.ts";
import type { Report } from "../stack/report.ts";
import { run } from "../stack/run.ts";
import { checkSettings, readSettings } from "../stack/settings.ts";
import { moveFolder } from "./move-folder.ts";
import { isService, SERVICE_STATE, SERVICE_USER, TARGET, UNIT_FOLDER, unitName } from "./names.ts";
import { systemctl, unitFiles } from "./units.ts";

/** Of others, in a folder's mode. */
const MAY_ENTER = 0o001;
const NOBODY = 65534;

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
  requireSystemd();
  requireReadable(project);
  requireOwnState(paths);
  ensureDotenv(".env", ".env.example", process.env);
  const settings = readSettings();
  await checkSettings(settings);
  for (const line of planOf(paths)) report.line(line);
  if (!isService(paths.root)) await stopNative(paths, report, signal);
  await addUser();
  await moveState(paths);
  await startNative({ project, paths, ...settings, report, fetchServers: true, signal });
  await systemctl("enable", "--quiet", TARGET);
  await systemctl("start", TARGET);
  report.line(`✅ 已安装成系统服务，开机会自动启动：${unitFiles(UNIT_FOLDER).join("、")}`);
  report.line("npm start、npm stop、npm run apply 照旧使用，但要用 root 执行（例如在前面加 sudo）。");
}

function planOf({ root }: StatePaths): string[] {
  return [
    "安装系统服务：",
    `  1. 新建系统用户 ${SERVICE_USER}，各部分都以它运行`,
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

/** The parts run from the checkout, as a user who owns nothing of it: nobody tries first. */
function requireReadable(project: string): void {
  const closed = foldersAbove(project).find((folder) => (statSync(folder).mode & MAY_ENTER) === 0);
  if (closed !== undefined) {
    throw new StackError(
      `其他用户不能进入 ${closed}，系统服务无法运行这里的程序。请把整个目录移到 /opt 下，再从那里执行`,
    );
  }
  const entries = ["exporter/exporter.ts", "alertmanager/relay/relay.ts"];
  const script = entries.map((entry) => `await import(${JSON.stringify(join(project, entry))});`).join("");
  const { status } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: project,
    env: {},
    uid: NOBODY,
    gid: NOBODY,
  });
  if (status !== 0) {
    throw new StackError(
      `其他用户读不全 ${project} 里的程序，系统服务无法运行。请执行 chmod -R o+rX . && chmod 600 .env，再试一次`,
    );
  }
}

function foldersAbove(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [...foldersAbove(above), folder];
}

/** @throws {StackError} where the place belongs to another checkout, or holds data that would be overwritten */
function requireOwnState({ root }: StatePaths): void {
  if (isService(root) || !existsSync(SERVICE_STATE)) return;
  throw new StackError(
    `${SERVICE_STATE} 已经存在，属于另一份安装。请先在那份目录里执行 npm run uninstall-service`,
  );
}

async function addUser(): Promise<void> {
  const isThere = await run("id", [SERVICE_USER]).catch(() => undefined);
  if (isThere !== undefined) return;
  const shape = ["--system", "--user-group", "--no-create-home", "--home-dir", SERVICE_STATE];
  await run("useradd", [...shape, "--shell", "/usr/sbin/nologin", SERVICE_USER]);
}

/** Everything goes on finding it under its old name. */
async function moveState(paths: StatePaths): Promise<void> {
  if (!isService(paths.root)) {
    await moveFolder(paths.root, SERVICE_STATE);
    symlinkSync(SERVICE_STATE, paths.root);
    // What ran by itself does not any more.
    rmSync(paths.run, { recursive: true, force: true });
  }
  await run("chown", [`root:${SERVICE_USER}`, SERVICE_STATE]);
  await run("chmod", ["0750", SERVICE_STATE]);
}
