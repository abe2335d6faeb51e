import { StackError } from "../stack/project.ts";
import { unfinishedMove } from "./move-state.ts";
import { isService } from "./names.ts";

/** A service's folder is root's; one that is on its way is nobody's. @throws {StackError} */
export function refuseOthers(stateFolder: string): void {
  const command = unfinishedMove(stateFolder);
  if (command !== undefined) {
    throw new StackError(
      `上一次 npm run ${command} 没有做完：请用 root 再执行一次，例如 sudo npm run ${command}`,
    );
  }
  if (isService(stateFolder) && process.getuid?.() !== 0) {
    throw new StackError("监控已安装成系统服务：请用 root 执行，例如在命令前加 sudo");
  }
}
