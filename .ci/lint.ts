import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PROJECT } from "../scripts/stack/project.ts";
import type { TestStack } from "../test/helpers/stack.ts";
import { LIVE, type Live, OFFLINE, type Problem } from "./lint/checks.ts";
import type { Node } from "./lint/promql.ts";
import { type Exception, type Rule, readRules } from "./lint/rules.ts";
import { fetchSidServers } from "./sid.ts";
import { askPrometheus, createStackOn, renderedFile } from "./stack.ts";

/** Seconds in which a healthy stack has every series and no alert. */
const SETTLED_WITHIN = 20;

/** What a rule is not excused from, and the exceptions that were of use. */
interface Findings {
  problems: string[];
  used: Set<Exception>;
}

/** The rules as files, then as a running stack has them. Problems make it fail. */
async function main(): Promise<void> {
  const committed = await findProblems(readRules(join(PROJECT, "prometheus/rules")), OFFLINE);
  if (committed.problems.length > 0) return report(committed.problems);
  const servers = join(PROJECT, ".stack/sid");
  try {
    await fetchSidServers(servers);
  } catch (error) {
    // Debian 12's does not tell how it reads an expression.
    console.log(
      `lint: skipped on a running stack: Prometheus 3 is not to be had: ${(error as Error).message}`,
    );
    return;
  }
  const stack = await createStackOn(servers);
  try {
    const { code, output } = await stack.up();
    if (code !== 0) throw new Error(output);
    await postEvents(stack);
    await lintLive(stack);
  } finally {
    await stack.remove();
  }
}

async function lintLive(stack: TestStack): Promise<void> {
  const rules = readRules(renderedFile(stack, "prometheus/rules"));
  const deadline = Date.now() + SETTLED_WITHIN * 1000;
  let findings: Findings;
  do {
    await sleep(1000);
    const live = await lookAt(stack, rules);
    findings = await findProblems(rules, { ...OFFLINE, ...LIVE }, live);
  } while (findings.problems.length > 0 && Date.now() < deadline);
  const problems = [...findings.problems, ...idleExceptions(rules, findings.used)];
  report(problems);
  if (problems.length > 0) return;
  const exceptions = rules.flatMap(({ exceptions }) => exceptions).length;
  console.log(`lint: nothing found in ${rules.length} rules on a running stack, ${exceptions} exceptions`);
}

type Check = (rule: Rule, live: Live) => Problem[] | Promise<Problem[]>;

async function findProblems(
  rules: Rule[],
  checks: Record<string, Check>,
  live = {} as Live,
): Promise<Findings> {
  const problems: string[] = [];
  const used = new Set<Exception>();
  for (const rule of rules) {
    for (const [check, find] of Object.entries(checks)) {
      for (const { subject, text } of await find(rule, live)) {
        const excused = rule.exceptions.filter(
          (exception) => exception.check === check && (exception.subject ?? subject) === subject,
        );
        for (const exception of excused) used.add(exception);
        if (excused.length === 0) problems.push(`${place(rule)}: ${text} (${check})`);
      }
    }
  }
  return { problems, used };
}

/** An exception that excuses nothing hides the next mistake. */
function idleExceptions(rules: Rule[], used: Set<Exception>): string[] {
  return rules.flatMap((rule) =>
    rule.exceptions.flatMap((exception) => {
      const { check, subject, explained } = exception;
      const text = `${place(rule)}: pint disable ${check}${subject ? `(${subject})` : ""}`;
      return [
        ...(explained ? [] : [`${text} does not say why`]),
        // Whether an alert is pending depends on the machine.
        ...(used.has(exception) || check === "alerts/count" ? [] : [`${text} excuses nothing`]),
      ];
    }),
  );
}

function place({ file, name }: Rule): string {
  return `prometheus/rules/${file}: ${name}`;
}

function report(problems: string[]): void {
  // Two rules of one name may have the same.
  for (const problem of new Set(problems)) console.error(`lint: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

/** One of each kind, so that every series of the business is there. */
async function postEvents({ urls, env }: TestStack): Promise<void> {
  const response = await fetch(`${urls.exporter}/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${env().EXPORTER_TOKEN}` },
    body: JSON.stringify([
      { type: "message", outcome: "ok", duration_seconds: 0.4 },
      { type: "consultation" },
      { type: "case" },
      { type: "satisfaction", score: 5 },
    ]),
  });
  if (response.status !== 202) throw new Error(`POST /events: HTTP ${response.status}`);
}

async function lookAt(stack: TestStack, rules: Rule[]): Promise<Live> {
  const [metadata, { alerts }] = await Promise.all([
    askPrometheus<Record<string, { type: string }[]>>(stack, "metadata"),
    askPrometheus<{ alerts: { labels: { alertname: string } }[] }>(stack, "alerts"),
  ]);
  const typesOf = (metric: string) => metadata[metric]?.map(({ type }) => type) ?? [];
  return {
    stack,
    rules,
    dashboards: new Set(dashboardUids(stack)),
    scrapeInterval: committedScrapeInterval(),
    parse: (query) => askPrometheus<Node>(stack, "parse_query", { query }),
    hasSeries: async (selector) => {
      const query = `count(${selector})`;
      return (await askPrometheus<{ result: unknown[] }>(stack, "query", { query })).result.length > 0;
    },
    isCounter(metric) {
      const family = metric.replace(/_(total|bucket|sum|count)$/, "");
      return [...typesOf(metric), ...typesOf(family)].some(
        (type) => type === "counter" || type === "histogram",
      );
    },
    active: new Set(alerts.map(({ labels }) => labels.alertname)),
  };
}

function dashboardUids(stack: TestStack): string[] {
  const folder = renderedFile(stack, "grafana/dashboards");
  return readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")).uid);
}

function committedScrapeInterval(): number {
  const text = readFileSync(join(PROJECT, "prometheus/prometheus.yml"), "utf8");
  const seconds = /^ {2}scrape_interval: (\d+)s$/m.exec(text)?.[1];
  if (seconds === undefined) throw new Error("prometheus.yml: no scrape_interval in seconds");
  return Number(seconds) * 1000;
}

await main().catch((error: Error) => {
  console.error(`lint: ${error.message}`);
  process.exitCode = 1;
});
