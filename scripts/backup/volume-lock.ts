import { spawnSync } from "node:child_process";
import { openSync } from "node:fs";
import { StackError, TemporaryError } from "../stack/project.ts";

/**
 * Lets one container at a time work on a volume, to its end: the kernel keeps the lock for as long as this process has
 * the folder open (flock(2)), so a kill or a power cut leaves none behind. The lock of the commands on the host is not
 * for containers to see, and a process id means nothing in another one.
 * @throws {TemporaryError} while another one does
 */
export function lockVolume(folder: string): void {
  const opened = openSync(folder, "r");
  const { status, error } = spawnSync("flock", ["-n", "3"], {
    stdio: ["ignore", "ignore", "inherit", opened],
  });
  if (status === 1) throw new TemporaryError("另一个备份或恢复正在进行，请等它结束");
  if (status !== 0) throw new StackError(`无法锁住 ${folder}：flock ${error?.message ?? `退出码 ${status}`}`);
}
