import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { knownVersion, MIGRATIONS } from "../backup/manifest.ts";
import type { StatePaths } from "./project.ts";
import { shellWord } from "./shell-word.ts";

/** Why a part cannot use the database that it keeps. */
export interface DatabaseTrouble {
  what: string;
  remedy: string;
}

/** What is gone without it. */
const LOST: Record<string, string> = {
  exporter: "业务统计从零开始",
  relay: "告警历史和还没有发出的通知就没有了",
};

/** Only reads. @returns undefined for a part that keeps none, and where nothing is wrong for all that can be seen */
export function databaseTrouble(part: string, { data }: StatePaths): DatabaseTrouble | undefined {
  const name = Object.keys(MIGRATIONS).find((name) => name.startsWith(`${part}/`));
  if (name === undefined) return undefined;
  const path = join(data, basename(name));
  if (!existsSync(path)) return undefined;
  const found = inspect(path);
  if (found === "damaged") return { what: `数据库 ${path} 已损坏`, remedy: remedyOf(path, LOST[part] ?? "") };
  const newest = knownVersion(name);
  if (found <= newest) return undefined;
  return {
    what: `数据库 ${path} 是更新的版本写的（第 ${found} 版，本程序认识到第 ${newest} 版），没有改动`,
    remedy: "换回较新的程序，或者恢复升级前的备份：npm run restore 备份文件",
  };
}

/** Moved with its log, to where no earlier one is. */
function remedyOf(path: string, lost: string): string {
  const folder = `${shellWord(join(dirname(dirname(path)), "broken"))}-$(date +%s)`;
  const move = `d=${folder}; mkdir "$d" && mv ${shellWord(path)}* "$d"`;
  return `恢复最近的备份：npm run restore 备份文件；没有备份就把它移开（${lost}）：npm stop，再执行 ${move}，再 npm start`;
}

/** @returns its version, 0 where it cannot be read */
function inspect(path: string): number | "damaged" {
  const url = pathToFileURL(path);
  // One that was closed in order is whole without its log; nothing is made beside it.
  if (!existsSync(`${path}-wal`)) url.searchParams.set("immutable", "1");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(url, { readOnly: true });
    const isWhole = database.prepare("PRAGMA quick_check(1)").get()?.quick_check === "ok";
    return isWhole ? Number(database.prepare("PRAGMA user_version").get()?.user_version) : "damaged";
  } catch (error) {
    return /malformed|not a database/.test((error as Error).message) ? "damaged" : 0;
  } finally {
    database?.close();
  }
}
