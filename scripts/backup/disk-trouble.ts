import { StackError } from "../stack/project.ts";

/** What to do about a disk, for the operator. */
export interface Remedies {
  full: string;
  /** Where we may not read or write. */
  closed: string;
  /** Where a folder should be, and cannot be. */
  noFolder: string;
}

/** Of the disk with the stack's data. */
export const RESTORE_REMEDIES: Remedies = {
  full: "放不下备份里的数据，请腾出空间再恢复",
  closed: "请用启动监控的用户执行",
  noFolder: "请把它移开，再恢复",
};

/** Of the folder with the archives. @param closed where it is not one of this machine's, but of a container's */
export function archiveRemedies(folder: string, closed?: string): Remedies {
  return {
    full: `请在 ${folder} 腾出空间，或者换一个目录`,
    closed: closed ?? "请用启动监控的用户执行，或者换一个目录",
    noFolder: "请在 .env 里把 BACKUP_DIR 换成一个目录，再执行 npm run apply；没有设 BACKUP_DIR 的，把它移开",
  };
}

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

/** What the operator is told of a disk that is full, closed to us, or no folder; any other error stays what it is. */
export function diskTrouble(error: unknown, { full, closed, noFolder }: Remedies): unknown {
  if (error instanceof DataDiskFullError) return error;
  const { code = "", path } = error as NodeJS.ErrnoException;
  if (isDiskFull(error)) return new StackError(`磁盘已满：${full}`, { cause: error });
  if (["EACCES", "EPERM", "EROFS"].includes(code))
    return new StackError(`无法读写 ${path}（${code}）：${closed}`, { cause: error });
  if (isNoFolder(error))
    return new StackError(`${path} 不能用作目录（${code}）：${noFolder}`, { cause: error });
  return error;
}

/** A link to nothing, too: all that lacks besides is made. */
function isNoFolder(error: unknown): boolean {
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  return (
    ["ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(code) ||
    (syscall === "mkdir" && ["EEXIST", "ENOENT"].includes(code))
  );
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
