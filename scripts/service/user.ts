import { StackError } from "../stack/project.ts";
import { command } from "./command.ts";
import { SERVICE_STATE, SERVICE_USER } from "./names.ts";

/** Makes the user of the parts, unless an installation has done so. @throws {StackError} where the name is taken */
export async function addUser(): Promise<void> {
  const home = await homeOf(SERVICE_USER);
  if (home === SERVICE_STATE) return;
  if (home !== undefined) {
    throw new StackError(
      `系统里已有用户 ${SERVICE_USER}（主目录 ${home}），不是安装系统服务时新建的：各部分会有它的权限，卸载时会删除它。请先给它改名（usermod --login）`,
    );
  }
  const shape = ["--system", "--user-group", "--no-create-home", "--home-dir", SERVICE_STATE];
  await command("useradd", ...shape, "--shell", "/usr/sbin/nologin", SERVICE_USER);
}

/** Not one of that name that somebody else has made. */
export async function removeUser(): Promise<void> {
  if ((await homeOf(SERVICE_USER)) === SERVICE_STATE) await command("userdel", SERVICE_USER);
}

/** As passwd(5) has it; undefined where there is no such user. */
async function homeOf(user: string): Promise<string | undefined> {
  const line = await command("getent", "passwd", user).catch(() => undefined);
  return line?.trim().split(":")[5];
}
