import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { locateKeys, plainLines } from "../../config/lines.ts";
import { type Expected, readExpected } from "./expected.ts";
import { listFiles } from "./hash-files.ts";
import { lastGood } from "./publish.ts";

/** What is known of a rendering before it is current; JSON, so that a container can tell it. */
export interface Draft {
  expected: Expected;
  /** For the operator, against the one that is in force. */
  changes: string[];
  /** The one to go back to. */
  good: Expected | undefined;
}

/**
 * Of a rendering that has been checked.
 * @param out where renderings go
 */
export function describeDraft(out: string, folder: string): Draft {
  const good = lastGood(out);
  const expected = readExpected(folder);
  if (good === undefined) return { expected, changes: [], good };
  return { expected, changes: describeChanges(good, folder), good: readExpected(good) };
}

/** @param write a line for the operator */
export function tellChanges(changes: string[], write: (line: string) => void): void {
  if (changes.length > 0) write("改动：");
  for (const change of changes) write(`  • ${change}`);
}

const CONFIG = "config.ini";
/** What config.ini says is told by its own lines. */
const TOLD = new Set([CONFIG, "prometheus/rules/thresholds.yml"]);

/**
 * What an operator wants to know about going from one rendering to another.
 * @returns a line for each value of config.ini, one for the other files, and what will be told wrongly
 */
export function describeChanges(before: string, after: string): string[] {
  const [old, fresh] = [values(join(before, CONFIG)), values(join(after, CONFIG))];
  const keys = [...new Set([...old.keys(), ...fresh.keys()])];
  const lines = keys.flatMap((key) => describe(key, old.get(key), fresh.get(key)) ?? []);
  const files = changedFiles(before, after);
  if (files.length > 0) lines.push(`文件：${files.join("、")}`);
  return [...lines, ...keys.flatMap((key) => (fresh.has(key) ? [] : (farewell(key) ?? [])))];
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

/** An alert whose series is gone is resolved for Prometheus, though nothing has recovered. */
function farewell(key: string): string | undefined {
  const service = /^\[services\] (.+)$/.exec(key)?.[1];
  return service && `服务 ${service} 不再监控：它正在响的告警会报为已恢复`;
}

function changedFiles(before: string, after: string): string[] {
  const [old, fresh] = [contents(before), contents(after)];
  const names = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return names.filter((name) => !TOLD.has(name) && old.get(name) !== fresh.get(name));
}

function contents(folder: string): Map<string, string> {
  return new Map(listFiles(folder).map((file) => [relative(folder, file), readFileSync(file, "utf8")]));
}
