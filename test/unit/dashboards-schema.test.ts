import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { type SchemaDashboard, type SchemaPanel, schemaFindings } from "../helpers/grafana-schema.ts";
import { DASHBOARDS } from "../helpers/panel-queries.ts";

const names = readdirSync(DASHBOARDS).map((file) => file.replace(".json", ""));

/** So that the check itself is known to refuse. */
const BROKEN = {
  unknown_key: broken((dashboard) => Object.assign(dashboard, { refreshEvery: "1m" })),
  wrong_value: broken((dashboard) => Object.assign(dashboard, { graphTooltip: 7 })),
  unknown_option: broken((_, panel) => Object.assign(panel.options ?? {}, { graphmode: "area" })),
  wrong_option: broken((_, panel) => Object.assign(panel.options ?? {}, { textMode: "everything" })),
  missing_option: broken((_, panel) => Object.assign(panel, { options: {} })),
  wrong_override: broken((_, panel) =>
    panel.fieldConfig?.overrides.push({
      matcher: { id: "byName" },
      properties: [{ id: "decimal", value: 1 }],
    }),
  ),
  unknown_variable_key: broken(({ templating }) =>
    Object.assign(templating.list[0] ?? {}, { labels: "主机" }),
  ),
};

let findings: Record<string, string>;

before(async () => {
  const dashboards = Object.fromEntries(names.map((name) => [name, read(name)]));
  findings = await schemaFindings({ ...dashboards, ...BROKEN });
});

for (const name of names) {
  test(`${name} is a dashboard by Grafana's published schema`, () => assert.equal(findings[name], ""));
}

suite("the schema refuses", () => {
  for (const name of Object.keys(BROKEN)) {
    test(name.replaceAll("_", " "), () => assert.match(findings[name] ?? "", /error TS/));
  }
});

function broken(change: (dashboard: SchemaDashboard, stat: SchemaPanel) => void): SchemaDashboard {
  const dashboard = read("overview");
  const stat = dashboard.panels.find(({ type }) => type === "stat");
  assert.ok(stat);
  change(dashboard, stat);
  return dashboard;
}

function read(name: string): SchemaDashboard {
  return JSON.parse(readFileSync(join(DASHBOARDS, `${name}.json`), "utf8")) as SchemaDashboard;
}
