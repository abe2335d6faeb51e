import { StackError } from "../stack/project.ts";
import { isService } from "./names.ts";

/** A service's folder is root's. @throws {StackError} */
export function refuseOthers(stateFolder: string): void {
  if (isService(stateFolder) && process.getuid?.() !== 0) {
    throw new StackError("监控已安装成系统服务：请用 root 执行，例如在命令前加 sudo");
  }
}
