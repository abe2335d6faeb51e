import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { StackError } from "./project.ts";

/**
 * What is told of a file that the system does not let this user have; any other error stays what it is.
 * @param action what was to be done with it, for example "读取"
 */
export function toldByOwner(file: string, action: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EPERM") return error;
  const uid = ownerOf(file);
  if (uid === process.geteuid?.())
    return new StackError(`无法${action} ${file}：系统不允许（${code}）`, { cause: error });
  const name = nameOf(uid);
  const how = uid === 0 ? "在命令前加 sudo" : `在命令前加 sudo -u ${name}`;
  return new StackError(`无法${action} ${file}：它属于用户 ${name}，请用 ${name} 执行，例如${how}`, {
    cause: error,
  });
}

/** In a folder that is closed nobody sees whose a file is: then it is as good as the folder's. */
function ownerOf(path: string): number {
  try {
    return statSync(path).uid;
  } catch {
    return ownerOf(dirname(path));
  }
}

function nameOf(uid: number): string {
  return spawnSync("id", ["-un", String(uid)], { encoding: "utf8" }).stdout?.trim() || String(uid);
}
