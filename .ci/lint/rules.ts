import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** A rule of Prometheus, and what it is excused from. */
export interface Rule {
  file: string;
  kind: "alert" | "record";
  name: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  exceptions: Exception[];
}

/** `# pint disable check(subject)`: without a subject, everything that the check finds in the rule. */
export interface Exception {
  check: string;
  subject: string | undefined;
  /** Whether the comment says why. */
  explained: boolean;
}

interface Entry {
  alert?: string;
  record?: string;
  expr: string | number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Every rule of a folder, in the order of the files. */
export function readRules(folder: string): Rule[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yml"));
  return files.sort().flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const { groups } = parse(text) as { groups: { rules: Entry[] }[] };
    const entries = groups.flatMap(({ rules }) => rules);
    const blocks = splitRules(text);
    if (blocks.length !== entries.length) throw new Error(`${file}: a rule does not begin with its name`);
    return entries.map((entry, index) => toRule(file, entry, blocks[index] ?? []));
  });
}

function toRule(file: string, { alert, record, expr, labels, annotations }: Entry, lines: string[]): Rule {
  return {
    file,
    kind: alert === undefined ? "record" : "alert",
    name: alert ?? record ?? "",
    expr: String(expr),
    labels: labels ?? {},
    annotations: annotations ?? {},
    exceptions: readExceptions(lines),
  };
}

const COMMENT = /^\s*#/;
const BEGIN = /^\s*- (?:alert|record): /;

/** The lines of each rule, the comment above it included. */
function splitRules(text: string): string[][] {
  const rules: string[][] = [];
  let comment: string[] = [];
  for (const line of text.split("\n")) {
    if (COMMENT.test(line)) comment.push(line);
    else {
      if (BEGIN.test(line)) rules.push([]);
      rules.at(-1)?.push(...comment, line);
      comment = [];
    }
  }
  return rules;
}

/** The syntax of cloudflare/pint's comments. */
const EXCEPTION = /^\s*# pint disable ([a-z_/]+)(?:\((.+)\))?\s*$/;

function readExceptions(lines: string[]): Exception[] {
  return lines.flatMap((line, index) => {
    const [, check, subject] = EXCEPTION.exec(line) ?? [];
    if (check === undefined) return [];
    // Several in a row share one reason.
    const before = lines.slice(0, index).findLast((other) => !EXCEPTION.test(other)) ?? "";
    return [{ check, subject, explained: COMMENT.test(before) }];
  });
}
