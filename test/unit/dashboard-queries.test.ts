import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { EXPORTER_METRICS, exists, metricNames } from "../helpers/metrics.ts";
import { allPanelQueries, MAY_BE_EMPTY } from "../helpers/panel-queries.ts";
import { parseExpressions } from "../helpers/promtool.ts";
import { rules } from "../helpers/rules.ts";
import { annotationsOf, dashboards, expressionsOf, panelsOf } from "./support/dashboards.ts";

const DATA_SOURCE = { type: "prometheus", uid: `\${datasource}` };
/** Totals survive restarts, so that they are worth something by themselves: the mean of all scores. */
const MEAN_OF_ALL = /sum\(satisfaction_score_(sum|count)\{[^}]*\}\)/g;
const IS_COUNTER = /_(total|bucket|sum|count)$/;

/** Not the thresholds. */
const RECORDED = rules.flatMap(({ record = "monitoring:" }) =>
  record.startsWith("monitoring:") ? [] : [record],
);
/** Of the exporter's own series, with their instance. */
const OF_INSTANCE = RECORDED.filter((record) => /^instance(_\w+)?:/.test(record));
/** What every part tells of its process is not the exporter's alone. */
const OWN_METRICS = EXPORTER_METRICS.filter((name) => !name.startsWith("process_"));
/** The tiles of the overview say how everything is, whatever is chosen; what is chosen are the variable's own values. */
const OF_ALL_HOSTS = ["现在是否正常"];

/** Recorded numbers that are compared with but belong to no chart: hours until a disk is full stand in a table. */
const NOT_DRAWN = ["DiskFullSoon"];

test("Prometheus can read every query, those of variables and annotations included", async () => {
  const queries = allPanelQueries();
  assert.ok(queries.length > 80, `${queries.length}`);
  await parseExpressions(queries.flatMap(({ expr, subject }) => [expr, subject]));
});

test("what stands in place of nothing is known as such", () => {
  const known = allPanelQueries().filter(({ expr, subject }) => expr !== subject);
  assert.ok(known.length > 30, `${known.length}`);
  for (const { subject } of allPanelQueries()) assert.doesNotMatch(subject, /vector\(/);
});

test("every reason to be empty is used, and is of a few", () => {
  const used = new Set(allPanelQueries().map(({ emptyBecause }) => emptyBecause));
  for (const { reason } of MAY_BE_EMPTY) assert.ok(used.has(reason), reason);
});

for (const [name, dashboard] of dashboards) {
  suite(name, () => {
    const expressions = expressionsOf(dashboard);

    test("everything is read through the one data source variable", () => {
      const { list } = dashboard.templating;
      const sources = list.filter(({ type }) => type === "datasource");
      assert.deepEqual(
        sources.map(({ name, current }) => [name, current.value]),
        [["datasource", "prometheus"]],
      );
      const panels = panelsOf(dashboard);
      const targets = panels.flatMap(({ targets = [] }) => targets);
      const variables = list.filter(({ type }) => type === "query");
      for (const { datasource } of [...panels, ...targets, ...annotationsOf(dashboard), ...variables]) {
        assert.deepEqual(datasource, DATA_SOURCE);
      }
    });

    test("every metric exists", () => {
      for (const { place, expr } of expressions) {
        const names = metricNames(expr);
        assert.ok(names.length > 0, `${place}: no metric found in ${expr}`);
        for (const metric of names) assert.ok(exists(metric), `${place}: unknown metric ${metric}`);
      }
    });

    test("counters are read only as rates and increases", () => {
      for (const { place, expr } of expressions) {
        const rest = expr
          .replaceAll(MEAN_OF_ALL, "")
          .replaceAll(/\b(rate|increase)\(\s*\w+(\{[^}]*\})?\[[^\]]*\]/g, "");
        const raw = metricNames(rest).filter((metric) => IS_COUNTER.test(metric) && !metric.includes(":"));
        assert.deepEqual(raw, [], `${place}: a raw counter`);
      }
    });

    test("ranges follow the chart; what is asked for one moment may take all that is chosen", () => {
      for (const { place, expr, instant } of expressions) {
        for (const [, range] of expr.matchAll(/\[([^\]]*)\]/g)) {
          assert.equal(range, instant ? "$__range" : "$__rate_interval", place);
        }
      }
    });

    test("a chart of months reads records and counters: of a raw gauge it would show one moment of hours", () => {
      for (const { title, timeFrom, targets = [] } of panelsOf(dashboard)) {
        if (timeFrom !== undefined) continue;
        for (const metric of targets
          .filter(({ instant }) => !instant)
          .flatMap(({ expr }) => metricNames(expr))) {
          const whole = [...RECORDED, "monitoring:threshold"].includes(metric) || IS_COUNTER.test(metric);
          assert.ok(whole, `${title}: ${metric}`);
        }
      }
    });

    test("the exporter's metrics follow the choice of instance", () => {
      for (const { place, expr } of expressions) {
        if (OF_ALL_HOSTS.some((title) => place.startsWith(title))) continue;
        for (const metric of [...OWN_METRICS, ...OF_INSTANCE]) {
          const selectors = new RegExp(`(?<![\\w:])${metric}(?![\\w:])(\\{[^}]*\\})?`, "g");
          for (const [, selector = ""] of expr.matchAll(selectors)) {
            assert.ok(selector.includes('instance=~"$instance"'), `${place}: ${metric}${selector}`);
          }
        }
      }
    });
  });
}

test("every threshold is drawn, beside what it is compared with", () => {
  const drawn = [...dashboards.values()].flatMap(expressionsOf).map(({ expr }) => expr);
  const thresholds = rules.flatMap(({ record, labels }) =>
    record === "monitoring:threshold" ? [labels?.alert ?? ""] : [],
  );
  for (const alert of thresholds.filter((alert) => !NOT_DRAWN.includes(alert))) {
    assert.ok(drawn.includes(`monitoring:threshold{alert="${alert}"}`), alert);
  }
});

test("what is recorded for charts of months is read by one", () => {
  const read = [...dashboards.values()].flatMap(expressionsOf).flatMap(({ expr }) => metricNames(expr));
  const unread = RECORDED.filter((record) => !read.includes(record) && !isReadByRule(record));
  assert.deepEqual(unread, []);
});

function isReadByRule(record: string): boolean {
  return rules.some(({ expr }) => metricNames(`${expr}`).includes(record));
}
