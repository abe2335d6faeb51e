import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PROJECT } from "../../scripts/stack/project.ts";

export const RULES = join(PROJECT, "prometheus/rules");

export interface Rule {
  alert?: string;
  record?: string;
  expr: string | number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export type Alert = Rule & { alert: string };

/** All rules as they are committed, in the order of the files. */
export const rules: Rule[] = readdirSync(RULES).flatMap(readRules);

/** A name may stand twice. */
export const alerts: Alert[] = rules.filter((rule): rule is Alert => rule.alert !== undefined);

export function readRules(file: string): Rule[] {
  const { groups } = parse(readFileSync(join(RULES, file), "utf8")) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}
