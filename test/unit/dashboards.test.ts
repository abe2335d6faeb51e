import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import {
  EXPORTER_COUNTERS,
  EXPORTER_GAUGES,
  exists,
  metricNames,
  OTHER_COUNTERS,
} from "../helpers/metrics.ts";

const GRAFANA = fileURLToPath(new URL("../../grafana/", import.meta.url));

const DATA_SOURCE = { type: "prometheus", uid: `\${datasource}` };
const COLUMNS = 24;

interface Target {
  datasource: unknown;
  expr: string;
  legendFormat: string;
  refId: string;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: unknown;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults: { unit?: string; noValue?: string } };
  panels?: Panel[];
  targets?: Target[];
}

interface Dashboard {
  id?: number;
  uid: string;
  title: string;
  editable: boolean;
  annotations: { list: { builtIn?: number; datasource: unknown; expr: string }[] };
  panels: Panel[];
  templating: { list: { type: string; name: string; datasource?: unknown; current: { value: unknown } }[] };
}

const files = readdirSync(`${GRAFANA}dashboards`).filter((name) => name.endsWith(".json"));
const dashboards = files.map((file) => ({ file, dashboard: read(file) }));

test("uids and titles are unique", () => {
  assert.ok(files.includes("overview.json"));
  for (const key of ["uid", "title"] as const) {
    const values = dashboards.map(({ dashboard }) => dashboard[key]);
    assert.equal(new Set(values).size, values.length, `${key}: ${values}`);
  }
});

for (const { file, dashboard } of dashboards) {
  suite(file, () => {
    const all = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
    const panels = all.filter(({ type }) => type !== "row");
    const targets = panels.flatMap((panel) =>
      (panel.targets ?? []).map((target) => ({ ...target, place: `${panel.title} ${target.refId}` })),
    );
    const annotations = dashboard.annotations.list.filter(({ builtIn }) => builtIn !== 1);
    const expressions = [
      ...targets.map(({ place, expr }) => ({ place, expr })),
      ...annotations.map(({ expr }) => ({ place: "annotation", expr })),
    ];

    test("is a provisioned dashboard that only its file changes", () => {
      assert.equal(dashboard.uid, `wecom-${file.replace(".json", "")}`);
      assert.match(dashboard.title, /\p{Script=Han}/u);
      assert.equal(dashboard.editable, false);
      assert.equal(dashboard.id, undefined);
    });

    test("panels lie within the grid and beside each other", () => {
      assert.equal(new Set(all.map(({ id }) => id)).size, all.length, "panel ids are unique");
      for (const [index, panel] of all.entries()) {
        const { x, w, h } = panel.gridPos;
        assert.ok(x >= 0 && w > 0 && h > 0 && x + w <= COLUMNS, panel.title);
        for (const other of all.slice(index + 1)) {
          assert.ok(!overlap(panel, other), `${panel.title} overlaps ${other.title}`);
        }
      }
    });

    test("every panel explains itself in Chinese", () => {
      for (const { title, description, fieldConfig } of panels) {
        assert.match(title, /\p{Script=Han}/u);
        assert.match(description ?? "", /\p{Script=Han}/u, `${title}: description`);
        assert.match(fieldConfig?.defaults.noValue ?? "", /\p{Script=Han}/u, `${title}: noValue`);
        assert.ok(fieldConfig?.defaults.unit, `${title}: unit`);
      }
      for (const { place, legendFormat } of targets) assert.ok(legendFormat, `${place}: legend`);
    });

    test("everything is read through the one data source variable", () => {
      const variables = dashboard.templating.list.filter(({ type }) => type === "datasource");
      assert.deepEqual(
        variables.map(({ name, current }) => [name, current.value]),
        [["datasource", "prometheus"]],
      );
      const queries = dashboard.templating.list.filter(({ type }) => type === "query");
      for (const { datasource } of [...panels, ...targets, ...annotations, ...queries]) {
        assert.deepEqual(datasource, DATA_SOURCE);
      }
    });

    test("every metric exists", () => {
      for (const { place, expr } of expressions) {
        const names = metricNames(expr);
        assert.ok(names.length > 0, `${place}: no metric found in ${expr}`);
        for (const name of names) {
          assert.ok(exists(name), `${place}: unknown metric ${name}`);
        }
      }
    });

    test("counters are read only as rates and increases", () => {
      for (const { place, expr } of expressions) {
        const rest = expr.replaceAll(/\b(rate|increase)\(\s*[\w:]+(\{[^}]*\})?\[[^\]]*\]/g, "");
        for (const name of [...EXPORTER_COUNTERS, ...OTHER_COUNTERS]) {
          assert.ok(!metricNames(rest).includes(name), `${place}: ${name} is a raw counter`);
        }
      }
    });

    test("ranges follow the chart, or are a day or more", () => {
      for (const { place, expr } of expressions) {
        for (const [, range = ""] of expr.matchAll(/\[([^\]]*)\]/g)) {
          assert.ok(range === "$__rate_interval" || isDayOrMore(range), `${place}: [${range}]`);
        }
      }
    });

    test("the exporter's metrics follow the choice of instance", () => {
      for (const { place, expr } of expressions) {
        for (const name of [...EXPORTER_COUNTERS, ...EXPORTER_GAUGES]) {
          for (const [, selector = ""] of expr.matchAll(new RegExp(`\\b${name}\\b(\\{[^}]*\\})?`, "g"))) {
            assert.ok(selector.includes('instance=~"$instance"'), `${place}: ${name}${selector}`);
          }
        }
      }
    });
  });
}

test("data sources have their fixed uids", () => {
  const { datasources } = parse(readFileSync(`${GRAFANA}provisioning/datasources/datasources.yaml`, "utf8"));
  assert.partialDeepStrictEqual(datasources, [
    {
      uid: "prometheus",
      url: "$PROMETHEUS_URL",
      editable: false,
      jsonData: { alertmanagerUid: "alertmanager" },
    },
    {
      uid: "alertmanager",
      url: "$ALERTMANAGER_URL",
      editable: false,
      jsonData: { implementation: "prometheus" },
    },
  ]);
});

test("dashboards come from one provider, which takes no changes from the pages", () => {
  const { providers } = parse(readFileSync(`${GRAFANA}provisioning/dashboards/dashboards.yaml`, "utf8"));
  assert.equal(providers.length, 1);
  assert.partialDeepStrictEqual(providers, [
    {
      folderUid: "wecom-legal-monitoring",
      type: "file",
      disableDeletion: true,
      allowUiUpdates: false,
      editable: false,
      options: { path: "$DASHBOARDS_PATH" },
    },
  ]);
});

function read(file: string): Dashboard {
  return JSON.parse(readFileSync(`${GRAFANA}dashboards/${file}`, "utf8")) as Dashboard;
}

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function isDayOrMore(range: string): boolean {
  const [, amount, unit] = /^(\d+)([hdwy])$/.exec(range) ?? [];
  return unit !== undefined && (unit !== "h" || Number(amount) >= 24);
}
