import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { channelWords, collectorTitle } from "../../exporter/words.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { dashboards, type Panel, panelsOf, type Target } from "./support/dashboards.ts";

/** Grafana takes any word for a unit, and prints it after the number where it does not know it. */
const UNITS = ["none", "percent", "percentunit", "s", "bytes", "dateTimeAsIso"];
const WORDS_AS_UNITS = ["条", "条/分", "次", "件", "分", "倍", "秒"].map((word) => `suffix:${word}`);
/** Grafana passes over a transformation that it does not know. */
const TRANSFORMATIONS = ["merge", "organize"];

const JOBS = jobs();
/** Whether a series that is called by a label's value may be called so. */
const IS_VALUE: Record<string, (value: string) => boolean> = {
  channel: (value) => channelWords(value).title !== value,
  collector: (value) => collectorTitle(value) !== value,
  job: (value) => JOBS.includes(value),
  // Any other is the operator's own.
  service: (value) => value === "monitoring",
};

for (const [name, dashboard] of dashboards) {
  suite(name, () => {
    const panels = panelsOf(dashboard);

    test("units are of a few", () => {
      for (const { title, fieldConfig } of panels) {
        const overrides = propertiesOf(fieldConfig).filter(({ id }) => id === "unit");
        for (const unit of [fieldConfig?.defaults.unit, ...overrides.map(({ value }) => value)]) {
          assert.ok([...UNITS, ...WORDS_AS_UNITS].includes(String(unit)), `${title}: ${unit}`);
        }
      }
    });

    test("transformations are of a few, and their fields are the queries'", () => {
      for (const { title, transformations = [], targets = [] } of panels) {
        for (const { id, options } of transformations) {
          assert.ok(TRANSFORMATIONS.includes(id), `${title}: ${id}`);
          for (const field of Object.values(options).flatMap((option) => Object.keys(option))) {
            assert.ok(fieldsOf(targets).includes(field), `${title}: ${field}`);
          }
        }
      }
    });

    test("an override is of a series or a column that there is", () => {
      for (const panel of panels) {
        for (const { matcher } of panel.fieldConfig?.overrides ?? []) {
          assert.equal(matcher.id, "byName");
          assert.ok(isShown(panel, matcher.options), `${panel.title}: ${matcher.options}`);
        }
      }
    });
  });
}

function propertiesOf(fieldConfig: Panel["fieldConfig"]) {
  return fieldConfig?.overrides.flatMap(({ properties }) => properties) ?? [];
}

/** The columns of a table, before they are renamed: Time, the labels that are left, and a value a query. */
function fieldsOf(targets: Target[]): string[] {
  const values = targets.length === 1 ? ["Value"] : targets.map(({ refId }) => `Value #${refId}`);
  const labels = targets.flatMap(({ expr }) =>
    [...expr.matchAll(/ by \(([^)]*)\)|label_replace\(.*?, "(\w+)", "[^"]*", "", ""\)/g)].flatMap(
      ([, labels = "", label = ""]) => [...labels.split(", "), label],
    ),
  );
  return ["Time", ...values, ...labels];
}

function isShown({ targets = [], transformations = [] }: Panel, name: string): boolean {
  const columns = transformations.flatMap(({ options }) =>
    Object.values((options as { renameByName?: Record<string, string> }).renameByName ?? {}),
  );
  return columns.includes(name) || targets.some((target) => isLegend(target, name));
}

function isLegend({ legendFormat, expr }: Target, name: string): boolean {
  if (legendFormat === name) return true;
  const [, label = ""] = /^\{\{(\w+)\}\}$/.exec(legendFormat) ?? [];
  return IS_VALUE[label]?.(name) || expr.includes(`"${label}", "${name}"`);
}

function jobs(): string[] {
  const { scrape_configs } = parse(readFileSync(join(PROJECT, "prometheus/prometheus.yml"), "utf8"));
  return scrape_configs.map(({ job_name }: { job_name: string }) => job_name);
}
