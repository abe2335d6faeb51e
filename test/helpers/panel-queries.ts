import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../../scripts/stack/project.ts";

/** One query of a dashboard, as Grafana would send it to Prometheus. */
export interface PanelQuery {
  /** The file's name without .json. */
  dashboard: string;
  /** Its title; of an annotation or a variable, the name. */
  panel: string;
  refId: string;
  expr: string;
  /** The same without what it says in place of nothing: with it, a misspelt selector would never be seen. */
  subject: string;
  /** Asked for one moment, not for a range. */
  instant: boolean;
  /** Why it may be without a result on a running stack; undefined if it must have one. */
  emptyBecause: string | undefined;
}

/** What stands for Grafana's variables: as in a chart of the last hour, of every host and service. */
export interface Variables {
  rateInterval?: string;
  interval?: string;
  range?: string;
  instance?: string;
  service?: string;
}

interface Target {
  refId: string;
  expr: string;
  instant?: boolean;
}

interface Panel {
  title: string;
  targets?: Target[];
  panels?: Panel[];
}

interface Dashboard {
  panels: Panel[];
  annotations: { list: { name: string; expr?: string }[] };
  templating: { list: { type: string; name: string; definition?: string }[] };
}

export const DASHBOARDS = join(PROJECT, "grafana/dashboards");

/** Those of all dashboards. */
export function allPanelQueries(variables: Variables = {}): PanelQuery[] {
  const files = readdirSync(DASHBOARDS).filter((name) => name.endsWith(".json"));
  return files.flatMap((file) => panelQueries(join(DASHBOARDS, file), variables));
}

/** Every query of a dashboard's panels, annotations and variables. */
function panelQueries(file: string, variables: Variables = {}): PanelQuery[] {
  const { panels, annotations, templating } = JSON.parse(readFileSync(file, "utf8")) as Dashboard;
  const dashboard = file.replace(/^.*\/|\.json$/g, "");
  const toQuery = (panel: string, target: Target): PanelQuery => {
    const { refId, instant = false } = target;
    const expr = replaceVariables(target.expr, variables);
    const subject = expr.replace(IN_PLACE_OF_NOTHING, "");
    const emptyBecause = MAY_BE_EMPTY.find(({ pattern }) => pattern.test(subject))?.reason;
    return { dashboard, panel, refId, expr, subject, instant, emptyBecause };
  };
  const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  return [
    ...all.flatMap(({ title, targets = [] }) => targets.map((target) => toQuery(title, target))),
    ...annotations.list.flatMap(({ name, expr }) =>
      expr === undefined ? [] : [toQuery(name, { refId: "annotation", expr })],
    ),
    ...templating.list
      .filter(({ type }) => type === "query")
      .map(({ name, definition = "" }) =>
        toQuery(name, { refId: "variable", expr: variableQuery(definition), instant: true }),
      ),
  ];
}

/**
 * How an expression ends that says in words that there is nothing: in a tile -1, before it -2 where there are messages
 * or scores to be had but none came; in a table a row of its own.
 */
const IN_PLACE_OF_NOTHING =
  /( or \(sum\([^()]*\) \* 0 - 2\))? or (vector\(-?\d\)|on \(\) (label_replace\()+vector\(-?\d\)[^()]*\)[^()]*\)?)$/;

/** The only queries whose subject may have no result. */
export const MAY_BE_EMPTY = [
  { pattern: /^ALERTS\{[^}]*\}$/, reason: "an annotation marks alerts, and none has to fire" },
  { pattern: /up\{job="grafana"\}/, reason: "where Grafana is not installed it is no target" },
  { pattern: /ALERTS_FOR_STATE/, reason: "no alert has to fire" },
  { pattern: /relay_notifications_failed_total/, reason: "no notification has to fail" },
  { pattern: / offset (1|7)d\b/, reason: "a line of the past begins once the stack is that old" },
];

function replaceVariables(expr: string, variables: Variables): string {
  const { rateInterval = "1m", interval = "15s", range = "1h", instance = ".+", service = ".+" } = variables;
  const values: Record<string, string> = {
    __rate_interval: rateInterval,
    __interval: interval,
    __range: range,
    instance,
    service,
  };
  return expr.replaceAll(/\$\{?([a-z_]\w*)\}?/gi, (variable, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${variable} in ${expr}: a variable that nobody knows`);
    return value;
  });
}

/** What Grafana's label_values asks, as an expression. */
function variableQuery(definition: string): string {
  const [, selector, label] = /^label_values\((.+),\s*(\w+)\)$/.exec(definition) ?? [];
  if (label === undefined) throw new Error(`not label_values(series, label): ${definition}`);
  return `group by (${label}) (${selector})`;
}
