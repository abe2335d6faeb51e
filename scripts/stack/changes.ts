import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { locateKeys, plainLines } from "../../config/lines.ts";
import { listFiles } from "./hash-files.ts";

const CONFIG = "config.ini";
/** What config.ini says is told by its own lines. */
const TOLD = new Set([CONFIG, "prometheus/rules/thresholds.yml"]);

/**
 * What an operator wants to know about going from one rendering to another.
 * @returns a line for each value of config.ini, and one for the other files
 */
export function describeChanges(before: string, after: string): string[] {
  const [old, fresh] = [values(join(before, CONFIG)), values(join(after, CONFIG))];
  const keys = [...new Set([...old.keys(), ...fresh.keys()])];
  const lines = keys.flatMap((key) => describe(key, old.get(key), fresh.get(key)) ?? []);
  const files = changedFiles(before, after);
  return files.length > 0 ? [...lines, `文件：${files.join("、")}`] : lines;
}

/** By "[section] key". A rendering from before they held config.ini has none. */
function values(file: string): Map<string, string> {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const lines = locateKeys(plainLines(text)).filter(({ key }) => key !== undefined);
  return new Map(lines.map(({ section, key, value = "" }) => [`[${section}] ${key}`, value]));
}

function describe(key: string, old: string | undefined, fresh: string | undefined): string | undefined {
  if (old === fresh) return undefined;
  if (old === undefined) return `${key}：新增 ${fresh}`;
  if (fresh === undefined) return `${key}：去掉了，原来是 ${old}`;
  return `${key}：${old} → ${fresh}`;
}

function changedFiles(before: string, after: string): string[] {
  const [old, fresh] = [contents(before), contents(after)];
  const names = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return names.filter((name) => !TOLD.has(name) && old.get(name) !== fresh.get(name));
}

function contents(folder: string): Map<string, string> {
  return new Map(listFiles(folder).map((file) => [relative(folder, file), readFileSync(file, "utf8")]));
}
