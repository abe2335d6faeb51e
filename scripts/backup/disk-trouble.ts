import { StackError } from "../stack/project.ts";

/** What to do about a disk, for the operator. */
export interface Remedies {
  full: string;
  /** Where we may not read or write. */
  closed: string;
}

/** Of the disk with the stack's data. */
export const RESTORE_REMEDIES: Remedies = {
  full: "放不下备份里的数据，请腾出空间再恢复",
  closed: "请用启动监控的用户执行",
};

/** The disk with the stack's data is full, and the message says so: whose it is nobody else need guess. */
class DataDiskFullError extends StackError {
  override readonly name = "DataDiskFullError";
}

/** @param folder with the data */
export function dataDiskFull(folder: string, cause: unknown): StackError {
  return new DataDiskFullError(
    `放监控数据的磁盘已满（${folder}），做备份也要在上面用一些空间：请先清理，df -h 看是哪块盘；或者改小 config.ini 的 retention_days，再执行 npm run apply`,
    { cause },
  );
}

/** What the operator is told of a disk that is full, or closed to us; any other error stays what it is. */
export function diskTrouble(error: unknown, { full, closed }: Remedies): unknown {
  if (error instanceof DataDiskFullError) return error;
  const { code = "", path } = error as NodeJS.ErrnoException;
  if (isDiskFull(error)) return new StackError(`磁盘已满：${full}`, { cause: error });
  if (!["EACCES", "EPERM", "EROFS"].includes(code)) return error;
  return new StackError(`无法读写 ${path}（${code}）：${closed}`, { cause: error });
}

/** Told by the system, by SQLite, or by a program in Go. */
export function isDiskFull(error: unknown): boolean {
  const { code = "", message, cause } = error as NodeJS.ErrnoException;
  return (
    ["ENOSPC", "EDQUOT"].includes(code) ||
    /disk is full|no space left/.test(`${message} ${(cause as Error | undefined)?.message}`)
  );
}

/** How a folder is opened to the user of the containers and to the operator, whose group its files then have. */
export function openToContainers(folder: string): string {
  return `请让容器和您都能写：sudo chown 65534:$(id -g) ${folder} && sudo chmod 2770 ${folder}`;
}
