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

/** What the operator is told of a disk that is full, or closed to us; any other error stays what it is. */
export function diskTrouble(error: unknown, { full, closed }: Remedies): unknown {
  const { code = "", path } = error as NodeJS.ErrnoException;
  if (isDiskFull(error)) return new StackError(`磁盘已满：${full}`, { cause: error });
  if (!["EACCES", "EPERM", "EROFS"].includes(code)) return error;
  return new StackError(`无法读写 ${path}（${code}）：${closed}`, { cause: error });
}

/** Told by the system, or by SQLite. */
function isDiskFull(error: unknown): boolean {
  const { code = "", message, cause } = error as NodeJS.ErrnoException;
  return (
    ["ENOSPC", "EDQUOT"].includes(code) ||
    /disk is full/.test(`${message} ${(cause as Error | undefined)?.message}`)
  );
}

/** How a folder is opened to the user of the containers and to the operator, whose group its files then have. */
export function openToContainers(folder: string): string {
  return `请让容器和您都能写：sudo chown 65534:$(id -g) ${folder} && sudo chmod 2770 ${folder}`;
}
