import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import type { Expected, ExpectedPrometheus, ExpectedRule } from "./expected.ts";

/** Milliseconds for one question to a server of ours. */
const QUESTION_TIMEOUT = 5000;

/** A metric without labels, as a server shows it. @throws when it does not answer */
export async function metric(url: string, name: string): Promise<number | undefined> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(QUESTION_TIMEOUT) });
  const text = await response.text();
  const value = new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** @returns how what Alertmanager has in force differs from what it should have; undefined where it does not */
export async function alertmanagerProblem(url: string, expected: Expected): Promise<string | undefined> {
  if ((await metric(url, "alertmanager_config_last_reload_successful")) !== 1) return "它没能读入配置";
  if ((await metric(url, "alertmanager_config_hash")) !== expected.alertmanager)
    return "它用的还是另一份配置";
  return undefined;
}

interface LiveRule {
  name: string;
  type: "alerting" | "recording";
  query: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface LiveGroup {
  name: string;
  file: string;
  /** Seconds. */
  interval: number;
  rules: LiveRule[];
}

/**
 * Compares what Prometheus has loaded with what was rendered.
 * @returns what differs; undefined where nothing does
 * @throws when it does not answer
 */
export async function loadedProblem(
  url: string,
  { jobs, rules }: ExpectedPrometheus,
): Promise<string | undefined> {
  if ((await metric(url, "prometheus_config_last_reload_successful")) !== 1) return "它没能读入配置";
  const { yaml } = await ask<{ yaml: string }>(url, "status/config");
  const loaded = parse(yaml) as { scrape_configs?: { job_name: string }[] };
  const liveJobs = (loaded.scrape_configs ?? []).map(({ job_name }) => job_name).sort();
  if (!isDeepStrictEqual(liveJobs, jobs)) return "抓取任务还是另一份配置的";
  return rulesProblem(url, rules);
}

/**
 * What only the next scrape and the next evaluation show.
 * @returns what is not there yet; undefined once all of it is
 * @throws when it does not answer
 */
export async function valuesProblem(
  url: string,
  { targets, rules }: ExpectedPrometheus,
): Promise<string | undefined> {
  const live = await liveTargets(url);
  for (const [job, addresses] of Object.entries(targets)) {
    if (!isDeepStrictEqual(live[job] ?? [], [...new Set(addresses)])) return `任务 ${job} 的抓取地址还没有换`;
  }
  const numbers = rules.filter(isNumber);
  const values = await recorded(url, [...new Set(numbers.map(({ name }) => name))]);
  const missing = numbers.find((rule) => !values.has(JSON.stringify([seriesOf(rule), Number(rule.expr)])));
  return missing && `${missing.labels.alert ?? missing.name} 的阈值还不是 ${missing.expr}`;
}

/** Seconds until every rule has been evaluated once. */
export async function longestInterval(url: string): Promise<number> {
  const { groups } = await ask<{ groups: LiveGroup[] }>(url, "rules");
  return Math.max(0, ...groups.map(({ interval }) => interval));
}

/** Rules that an operator keeps elsewhere are none of a rendering's business. */
const RENDERED = "/current/prometheus/";

async function rulesProblem(url: string, rules: ExpectedRule[]): Promise<string | undefined> {
  const { groups } = await ask<{ groups: LiveGroup[] }>(url, "rules");
  const ours = groups.filter(({ file }) => file.includes(RENDERED));
  const live = ours.flatMap(({ name: group, rules: inGroup }) => inGroup.map((rule) => ({ group, ...rule })));
  if (live.length !== rules.length) return `它有 ${live.length} 条规则，应为 ${rules.length} 条`;
  const problems = await Promise.all(rules.map((rule) => ruleProblem(url, rule, live)));
  return problems.find((problem) => problem !== undefined);
}

async function ruleProblem(
  url: string,
  rule: ExpectedRule,
  live: (LiveRule & { group: string })[],
): Promise<string | undefined> {
  const candidates = live.filter((candidate) => looksLike(candidate, rule));
  const name = rule.labels.alert ?? rule.name;
  if (isNumber(rule)) {
    const numbers = candidates.map(({ query }) => Number(query));
    if (numbers.includes(Number(rule.expr))) return undefined;
    return numbers.length === 0 ? `没有 ${name} 的阈值` : `${name} 的阈值是 ${numbers}，应为 ${rule.expr}`;
  }
  const [formatted, ...queries] = await Promise.all(
    [rule.expr, ...candidates.map(({ query }) => query)].map((query) => format(url, query)),
  );
  return queries.includes(formatted ?? "") ? undefined : `规则 ${name} 还是另一份配置的`;
}

function looksLike(live: LiveRule & { group: string }, rule: ExpectedRule): boolean {
  return (
    live.group === rule.group &&
    live.name === rule.name &&
    live.type === rule.kind &&
    isDeepStrictEqual({ ...live.labels }, rule.labels) &&
    isDeepStrictEqual({ ...live.annotations }, rule.annotations)
  );
}

/** Expressions come back in Prometheus's own way of writing. */
function format(url: string, query: string): Promise<string> {
  return ask<string>(url, `format_query?${new URLSearchParams({ query })}`);
}

function isNumber({ kind, expr }: ExpectedRule): boolean {
  return kind === "recording" && expr.trim() !== "" && Number.isFinite(Number(expr));
}

function seriesOf({ name, labels }: ExpectedRule): [string, string][] {
  return Object.entries({ ...labels, __name__: name }).sort();
}

/** Each series of these names, with its value, as one text. */
async function recorded(url: string, names: string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const query = `{__name__=~"${names.join("|")}"}`;
  const { result } = await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
    url,
    `query?${new URLSearchParams({ query })}`,
  );
  return new Set(
    result.map(({ metric: labels, value }) =>
      JSON.stringify([Object.entries(labels).sort(), Number(value[1])]),
    ),
  );
}

/** host:port by job, each once; dropped targets too. */
async function liveTargets(url: string): Promise<Record<string, string[]>> {
  interface Target {
    discoveredLabels: Record<string, string>;
  }
  const { activeTargets, droppedTargets } = await ask<{ activeTargets: Target[]; droppedTargets: Target[] }>(
    url,
    "targets",
  );
  const labels = [...activeTargets, ...droppedTargets].map(({ discoveredLabels }) => discoveredLabels);
  const byJob = Object.groupBy(labels, ({ job = "" }) => job);
  return Object.fromEntries(
    Object.entries(byJob).map(([job, group = []]) => [
      job,
      [...new Set(group.map(({ __address__ = "" }) => __address__))].sort(),
    ]),
  );
}

/** Prometheus's own API. @throws when it does not answer, or refuses */
export async function ask<T>(url: string, path: string): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(QUESTION_TIMEOUT) });
  const answer = (await response.json()) as { status: string; data: T; error?: string };
  if (answer.status !== "success") throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer.data;
}
