import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { metricNames } from "../helpers/metrics.ts";
import { findingsOf } from "../helpers/promtool.ts";
import { alerts, RULES, type Rule, readRules, rules } from "../helpers/rules.ts";

interface Threshold {
  /** As it stands in an expression. */
  series: string;
  value: number;
  /** The alert that compares with it. */
  alert: string;
}

const thresholds = readRules("thresholds.yml").map(({ record = "", expr, labels }): Threshold => {
  const series = labels === undefined ? record : `${record}{alert="${labels.alert}"}`;
  const users = alerts.filter((rule) => rule.alert !== "ThresholdMissing" && wholeOf(rule).includes(series));
  return { series, value: Number.parseFloat(`${expr}`), alert: labels?.alert ?? users[0]?.alert ?? "none" };
});

test("every threshold is compared with by the alert it is named after", () => {
  for (const { series, alert } of thresholds) {
    const rule = alerts.find((rule) => rule.alert === alert);
    assert.ok(rule && wholeOf(rule).includes(series), series);
  }
});

test("ThresholdMissing says which alert has lost its threshold, for each one of them", async () => {
  const tests = thresholds.map((missing) => ({
    name: missing.series,
    input_series: given(thresholds.filter((each) => each !== missing)),
    promql_expr_test: [firing([missing.alert])],
  }));
  assert.equal(await findingsOf(testFile(tests)), "");
});

test("ThresholdMissing names every one when thresholds.yml is not loaded, and none when it is", async () => {
  const tests = [
    { name: "not loaded", promql_expr_test: [firing([...new Set(thresholds.map(({ alert }) => alert))])] },
    { name: "loaded", input_series: given(thresholds), promql_expr_test: [firing([])] },
  ];
  assert.equal(await findingsOf(testFile(tests)), "");
});

/** Its expression, with those of the records that it reads. */
function wholeOf({ expr }: Rule): string {
  const records = rules.filter(
    ({ record }) => record !== undefined && metricNames(`${expr}`).includes(record),
  );
  return [expr, ...records.map((rule) => rule.expr)].join("\n");
}

function testFile(tests: object[]): object {
  return {
    rule_files: [join(RULES, "pipeline.yml")],
    evaluation_interval: "15s",
    tests: tests.map((each) => ({ interval: "15s", ...each })),
  };
}

function given(series: Threshold[]): object[] {
  return series.map((each) => ({ series: each.series, values: `${each.value}x20` }));
}

function firing(names: string[]): object {
  return {
    expr: 'count by (alert) (ALERTS{alertname="ThresholdMissing", alertstate="firing"})',
    eval_time: "3m",
    exp_samples: names.map((alert) => ({ labels: `{alert="${alert}"}`, value: 1 })),
  };
}
