import { join } from "node:path";
import { TemporaryError } from "../stack/project.ts";
import { systemLock } from "../stack/system-lock.ts";

/** The name of the file by which it is locked; no part's own, so a restore leaves it where it is. */
export const VOLUME_LOCK = ".backup-lock";

/**
 * Lets one container at a time work on a volume. The lock of the commands on the host is not for containers to see, and
 * a process id means nothing in another one.
 * @param patience milliseconds to wait for another one
 * @throws {TemporaryError} while another one is at work
 */
export async function withVolumeLock(
  folder: string,
  patience: number,
  work: () => Promise<void> | void,
): Promise<void> {
  const lock = systemLock(join(folder, VOLUME_LOCK), patience);
  if (lock === undefined) throw new TemporaryError("另一个备份或恢复正在进行，请等它结束");
  try {
    await work();
  } finally {
    lock.close();
  }
}
