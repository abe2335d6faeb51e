import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Env } from "../../config/environment.ts";
import { SECRETS } from "../stack/dotenv.ts";
import { StackError } from "../stack/project.ts";
import { SERVICE_USER } from "./names.ts";

/** Of others, in a folder's mode. */
const MAY_ENTER = 0o001;
const NOBODY = 65534;
/** The program's own folders: .env, .stack and backups hold secrets. */
const OPEN =
  "chmod o+rx . && chmod -R o+rX alertmanager config docs exporter grafana node_modules prometheus scripts service package*.json";

/** The parts run from the checkout, as a user who owns nothing of it: nobody tries first. @throws {StackError} */
export function requireReadable(project: string): void {
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
      `其他用户读不全 ${project} 里的程序，系统服务无法运行。请执行下面这条，再试一次：\n${OPEN}`,
    );
  }
}

function foldersAbove(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [...foldersAbove(above), folder];
}

/** Grafana's password is handed to it as it is. */
const IN_FILES = SECRETS.filter((name) => name !== "GRAFANA_ADMIN_PASSWORD").map((name) => `${name}_FILE`);

/** The files that hold secrets are the operator's, and the parts read them themselves. @throws {StackError} */
export function requireSecrets(env: Env): void {
  for (const name of IN_FILES) {
    const file = env[name];
    if (!file || spawnSync("runuser", ["-u", SERVICE_USER, "--", "test", "-r", file]).status === 0) continue;
    throw new StackError(
      `${name}：系统用户 ${SERVICE_USER} 读不到 ${file}。请执行 chgrp ${SERVICE_USER} ${file} && chmod g+r ${file}，它所在的目录也要让 ${SERVICE_USER} 能进入`,
    );
  }
}
