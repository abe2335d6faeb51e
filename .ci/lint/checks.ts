import type { TestStack } from "../../test/helpers/stack.ts";
import { labelsOf, type Node, selectors, selectorText, walk, withoutTemplates } from "./promql.ts";
import type { Rule } from "./rules.ts";

export interface Problem {
  /** What an exception names to excuse this and nothing else. */
  subject?: string;
  text: string;
}

/** What a running stack knows of the rules. */
export interface Live {
  stack: TestStack;
  rules: Rule[];
  dashboards: Set<string>;
  /** Milliseconds, as committed. */
  scrapeInterval: number;
  /** @throws with what is wrong with the query */
  parse(query: string): Promise<Node>;
  hasSeries(selector: string): Promise<boolean>;
  isCounter(metric: string): boolean;
  /** Names of the alerts that are pending or firing. */
  active: Set<string>;
}

type Found = Problem[] | Promise<Problem[]>;

/** The names are those of cloudflare/pint's checks, which these stand in for, each with its own idea of the matter. */
export const OFFLINE: Record<string, (rule: Rule) => Problem[]> = {
  "alerts/annotation": ({ kind, annotations }) =>
    ["summary", "description", "runbook_url", "dashboard_url", "chart"]
      .filter((name) => kind === "alert" && !annotations[name]?.trim())
      .map((name) => ({ subject: `${name}:true`, text: `annotation ${name} is missing` })),

  "rule/label": ({ kind, labels: { severity = "" } }) =>
    kind === "record" || ["critical", "warning", "info"].includes(severity)
      ? []
      : [{ subject: "severity:true", text: `severity is "${severity}", not critical, warning or info` }],

  "rule/name": ({ kind, name }) => {
    const form = kind === "alert" ? /^([A-Z][a-z]+)+$/ : /^[a-z_]+:[a-z_]+(:[a-z0-9_]+)?$/;
    const words = kind === "alert" ? "words with a capital each" : "level:metric:operations";
    return form.test(name) ? [] : [{ text: `the name is not of the form ${words}` }];
  },

  // A label with the value in it makes a new alert of each value, and `for` never comes to its end.
  "alerts/template": ({ labels }) =>
    Object.entries(labels)
      .filter(([, text]) => /\$value|\.Value/.test(text))
      .map(([name]) => ({ text: `label ${name} holds the value` })),
};

export const LIVE: Record<string, (rule: Rule, live: Live) => Found> = {
  "promql/syntax": async (rule, { parse }) => {
    const attempts = queriesOf(rule).map((query) =>
      parse(query).then(
        () => [],
        (error: Error) => [error],
      ),
    );
    return (await Promise.all(attempts)).flat().map(({ message }) => ({ text: message }));
  },

  "promql/series": async (rule, live) => {
    const trees = await parsed(queriesOf(rule), live);
    const wanted = new Map(trees.flatMap(selectors).map((node) => [selectorText(node), node]));
    const missing = await Promise.all(
      [...wanted].map(async ([text, node]) => ((await isThere(text, node, live)) ? [] : [{ text, node }])),
    );
    return missing
      .flat()
      .map(({ text, node: { name = "" } }) => ({ subject: name, text: `no series ${text}` }));
  },

  "promql/rate": async (rule, live) =>
    (await everyNode(rule, live)).flatMap(({ node, inside: [parent] }) => {
      const { name = "", range } = node;
      if (range === undefined || !RATES.has(parent?.func?.name ?? "")) return [];
      const least = 4 * live.scrapeInterval;
      return [
        ...(live.isCounter(name)
          ? []
          : [{ subject: name, text: `${parent?.func?.name}() of ${name}, no counter` }]),
        ...(range < least ? [{ subject: name, text: `[${range / 1000}s] is under four scrapes` }] : []),
      ];
    }),

  "promql/counter": async (rule, live) =>
    (await everyNode(rule, live))
      .filter(({ node, inside }) => {
        const around = inside.flatMap(({ func, op }) => [func?.name, op]);
        return (
          node.type === "vectorSelector" && live.isCounter(node.name ?? "") && !around.some(takesCounters)
        );
      })
      .map(({ node: { name = "" } }) => ({
        subject: name,
        text: `${name} is a counter: its value means little`,
      })),

  // Otherwise the alert cannot say where, and one host's trouble hides behind another's peace.
  "promql/aggregate": async (rule, live) =>
    (await everyNode(rule, live)).flatMap(({ node: { type, without, grouping = [] } }) =>
      ["job", "instance"]
        .filter((label) => type === "aggregation" && grouping.includes(label) === Boolean(without))
        .map((label) => ({ subject: `${label}:true`, text: `an aggregation drops the label ${label}` })),
    ),

  "promql/vector_matching": async (rule, live) =>
    (await everyNode(rule, live)).flatMap(({ node: { op = "", matching, lhs, rhs } }) => {
      if (!matching || SET_OPERATORS.has(op) || matching.on || matching.labels.length > 0) return [];
      if (!lhs || !rhs || labelsOf(lhs) === labelsOf(rhs)) return [];
      return [{ text: `${op} between different labels: aggregate both sides by the same, or say on (…)` }];
    }),

  "alerts/comparison": async (rule, live) => {
    const nodes = (await everyNode(rule, live)).map(({ node }) => node);
    const decides = nodes.some(({ op = "", func }) => COMPARISONS.has(op) || func?.name.startsWith("absent"));
    return rule.kind === "record" || decides ? [] : [{ text: "compares nothing, so it always fires" }];
  },

  "alerts/count": ({ kind, name }, { active }) =>
    kind === "alert" && active.has(name) ? [{ text: "is pending or firing on a healthy stack" }] : [],

  "rule/link": async ({ annotations }, { dashboards }) => {
    const links = Object.entries(annotations).filter(([name]) => name.endsWith("_url"));
    const answers = links.map(async ([name, url]) => ({
      name,
      url,
      problem: await followLink(url, dashboards),
    }));
    return (await Promise.all(answers)).flatMap(({ name, url, problem }) =>
      problem === undefined ? [] : [{ subject: name, text: `${url}: ${problem}` }],
    );
  },
};

const RATES = new Set(["rate", "irate", "increase"]);
const COMPARISONS = new Set(["==", "!=", ">", "<", ">=", "<="]);
const SET_OPERATORS = new Set(["and", "or", "unless"]);

/** What makes sense of a counter, or does not look at its value. */
function takesCounters(name: string | undefined): boolean {
  return /^(resets|changes|timestamp|count|group|absent|absent_over_time|present_over_time)$/.test(
    name ?? "",
  );
}

/** Of the expression, of the chart, and of what the annotations ask. */
function queriesOf({ expr, annotations }: Rule): string[] {
  const texts = Object.values(annotations).flatMap(templateQueries);
  return [expr, ...[annotations.chart ?? [], texts].flat().map(withoutTemplates)];
}

const STRING = '"((?:\\\\.|[^"\\\\])*)"';
const QUERIES = [new RegExp(`\\bquery ${STRING}`, "g"), new RegExp(`\\bprintf ${STRING}[^}]*\\| query`, "g")];

function templateQueries(template: string): string[] {
  const found = QUERIES.flatMap((query) => [...template.matchAll(query)]);
  return found.map(([, text]) => JSON.parse(`"${text}"`) as string);
}

/** Those that can be parsed; promql/syntax tells of the others. */
async function parsed(queries: string[], { parse }: Live): Promise<Node[]> {
  const trees = await Promise.allSettled(queries.map(parse));
  return trees.flatMap((tree) => (tree.status === "fulfilled" ? [tree.value] : []));
}

/** Of the expression: how a chart adds up is for it to say. */
async function everyNode({ expr }: Rule, live: Live) {
  return (await parsed([expr], live)).flatMap((tree) => walk(tree));
}

async function isThere(text: string, { name, matchers = [] }: Node, live: Live): Promise<boolean> {
  const asks = (label: string, value: string) =>
    matchers.every((matcher) => matcher.name !== label || matcher.type !== "=" || matcher.value === value);
  // Only of alerts that are firing now there are series.
  if (name === "ALERTS" || name === "ALERTS_FOR_STATE")
    return live.rules.some((rule) => rule.kind === "alert" && asks("alertname", rule.name));
  // What is recorded may have nothing to record now; whether it ever can, its own rule is asked.
  const recorded = live.rules.filter((rule) => rule.kind === "record" && rule.name === name);
  if (recorded.length === 0) return live.hasSeries(text);
  return recorded.some(({ labels }) => Object.entries(labels).every(([label, value]) => asks(label, value)));
}

/** @returns what is wrong with it */
async function followLink(url: string, dashboards: Set<string>): Promise<string | undefined> {
  const dashboard = /\/d\/([^/?]+)/.exec(url)?.[1];
  // Grafana is not in Debian, so CI cannot open the page: that the dashboard is provisioned has to do.
  if (dashboard !== undefined) return dashboards.has(dashboard) ? undefined : "there is no such dashboard";
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    return status === 200 ? undefined : `HTTP ${status}`;
  } catch (error) {
    return (error as Error).message;
  }
}
