import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { PROJECT } from "../../scripts/stack/project.ts";
import { exists, metricNames } from "../helpers/metrics.ts";
import { DASHBOARDS } from "../helpers/panel-queries.ts";
import { parseExpressions } from "../helpers/promtool.ts";
import { type Alert, alerts } from "../helpers/rules.ts";

interface Expectation {
  alertname: string;
  exp_alerts?: { exp_annotations: Record<string, string> }[];
}

interface Dashboard {
  uid: string;
  templating: { list: { name: string }[] };
}

const CHINESE = /\p{Script=Han}/u;

/** The variables of each, by uid. */
const dashboards = new Map(
  readdirSync(DASHBOARDS)
    .map((file) => JSON.parse(readFileSync(join(DASHBOARDS, file), "utf8")) as Dashboard)
    .map(({ uid, templating }) => [uid, templating.list.map(({ name }) => name)]),
);

const expectations = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".yml"))
  .flatMap(readExpectations);

for (const rule of alerts) {
  const { alert, labels = {}, annotations = {} } = rule;
  suite(`${alert}, ${labels.severity}: ${annotations.summary}`, () => {
    test("says in Chinese what is wrong, and how bad it is", () => {
      assert.match(labels.severity ?? "", /^(critical|warning|info)$/);
      for (const name of ["summary", "description"]) assert.match(annotations[name] ?? "", CHINESE, name);
    });

    test("is expected to fire by a test, with this text, and to be quiet by another", () => {
      const own = expectations.filter(({ alertname }) => alertname === alert);
      const texts = own.flatMap(({ exp_alerts = [] }) => exp_alerts.map((each) => each.exp_annotations));
      assert.ok(
        texts.some(({ summary = "" }) => summaryOf(rule).test(summary)),
        "no test where it fires",
      );
      if (alert === "Watchdog") return;
      assert.ok(
        own.some(({ exp_alerts = [] }) => exp_alerts.length === 0),
        "no test where it does not",
      );
    });

    // Nobody is sent the heartbeat.
    if (alert === "Watchdog") return;

    test("leads to its own runbook, in Chinese", () => {
      assert.equal(annotations.runbook_url, `http://localhost:8001/runbooks/${alert}`);
      assert.match(readFileSync(join(PROJECT, "docs/runbooks", `${alert}.md`), "utf8"), CHINESE);
    });

    test("leads to a dashboard that exists, at the host and service that it is about", () => {
      const url = (annotations.dashboard_url ?? "").replaceAll(
        /\{\{ (\$labels\.\w+ \| urlquery) \}\}/g,
        "$1",
      );
      const [, uid = "", query = ""] = /^http:\/\/localhost:3000\/d\/([\w-]+)\??(.*)$/.exec(url) ?? [];
      const variables = dashboards.get(uid);
      assert.ok(variables, url);
      for (const [name, value] of new URLSearchParams(query)) {
        const label = name.replace("var-", "");
        assert.ok(variables.includes(label), `${url}: the dashboard has no variable ${label}`);
        assert.equal(value, `$labels.${label} | urlquery`);
      }
    });

    test("has a chart, and asks only for what exists", async () => {
      const { chart = "" } = annotations;
      const expressions = [sample(chart), ...Object.values(annotations).flatMap(queries)];
      await parseExpressions(expressions);
      for (const expression of expressions) {
        for (const name of metricNames(expression)) assert.ok(exists(name), name);
      }
    });
  });
}

function readExpectations(file: string): Expectation[] {
  const { tests } = parse(readFileSync(join(import.meta.dirname, file), "utf8"), { maxAliasCount: -1 }) as {
    tests: { alert_rule_test?: Expectation[] }[];
  };
  return tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
}

/** Its summary with anything for its template actions: two rules of one name differ in their words. */
function summaryOf({ annotations }: Alert): RegExp {
  const [before = "", ...others] = (annotations?.summary ?? "").split("{{");
  const after = others.join("{{").split("}}").at(-1) ?? "";
  const anything = others.length > 0 ? ".+" : "";
  return new RegExp(`^${RegExp.escape(before)}${anything}${RegExp.escape(after)}$`, "u");
}

/** A template of an expression, for one alert: only Prometheus can render it, but it uses nothing but labels. */
function sample(template: string): string {
  const expression = template
    .replaceAll(/\{\{ \$labels\.\w+ \| printf "%q" \}\}/g, '"sample"')
    .replaceAll(/\{\{ \$labels\.\w+ \}\}/g, "sample");
  assert.doesNotMatch(expression, /\{\{|\}\}/);
  return expression;
}

/** What an annotation asks Prometheus for: `query "…"`, or `printf "…" $labels.x | query`. */
function queries(annotation: string): string[] {
  const calls = /(?:\bquery ("(?:[^"\\]|\\.)*")|\bprintf ("(?:[^"\\]|\\.)*")(?: \$labels\.\w+)+ \| query)/g;
  const found = [...annotation.matchAll(/\bquery\b/g)].length;
  const texts = [...annotation.matchAll(calls)].map(([, plain, format]) => plain ?? format ?? "");
  assert.equal(texts.length, found, annotation);
  return texts.map((text) =>
    (JSON.parse(text) as string).replaceAll("%q", '"sample"').replaceAll("%s", "sample"),
  );
}
