import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../scripts/stack/project.ts";
import { run } from "../../scripts/stack/run.ts";

/** As much of a dashboard as is looked into here; the compiler reads the rest. */
export interface SchemaDashboard {
  annotations: { list: object[] };
  templating: { list: object[] };
  panels: SchemaPanel[];
}

export interface SchemaPanel {
  id: number;
  type: string;
  options?: object;
  fieldConfig?: {
    defaults: { custom?: object };
    overrides: { matcher?: object; properties: { id: string; value: unknown }[] }[];
  };
}

/** Where the published schema is behind what Grafana itself exports and reads. */
const BEHIND = {
  /** The query of an annotation is each data source's own; the schema knows those of Grafana's. */
  annotation: ["expr", "step", "tagKeys", "textFormat", "titleFormat", "useValueForTime"],
  /** How the editor shows a query, and what a variable of data sources is filtered by. */
  variable: ["definition", "queryValue"],
};

/** The schema's folders of the panels in use. A panel that is no plugin, a row, has no options. */
const PLUGINS: Record<string, string> = {
  bargauge: "bargauge",
  heatmap: "heatmap",
  stat: "stat",
  "state-timeline": "statetimeline",
  table: "table",
  timeseries: "timeseries",
};
/** Plugins whose panels have fields with settings of their own. */
const WITH_FIELDS = new Set(["heatmap", "statetimeline", "table", "timeseries"]);

const RAW = "./node_modules/@grafana/schema/dist/types/raw";

/**
 * Types as JSON has them: an enumeration's values instead of its names. Everything else, what is unknown included, is
 * for the compiler to accept or refuse.
 */
const JSON_TYPES = `
type AsNumber<T extends number> = \`\${T}\` extends \`\${infer N extends number}\` ? N : T;
export type Json<T> = 0 extends 1 & T ? T
  : T extends string ? \`\${T}\`
  : T extends number ? AsNumber<T>
  : T extends readonly (infer U)[] ? Json<U>[]
  : T extends object ? { [K in keyof T]: Json<T[K]> }
  : T;
`;

/**
 * Lets the compiler compare dashboards with the types of @grafana/schema: of the dashboard, of each panel's options, of
 * its fields' settings and of every override.
 * @returns for each name, what it found, "" if nothing
 */
export async function schemaFindings(
  dashboards: Record<string, SchemaDashboard>,
): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-schema-"));
  try {
    symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "json.ts"), JSON_TYPES);
    for (const [name, dashboard] of Object.entries(dashboards)) {
      writeFileSync(join(folder, `${name}.ts`), toSource(dashboard));
    }
    const files = Object.keys(dashboards).map((name) => `${name}.ts`);
    const options = ["--strict", "--noEmit", "--skipLibCheck", "--module", "esnext", "--target", "esnext"];
    const tsc = [process.execPath, join(PROJECT, "node_modules/.bin/tsc")];
    const command = '"$@" 2>&1 || true';
    const output = await run(
      "sh",
      [
        "-c",
        command,
        "sh",
        ...tsc,
        ...options,
        "--moduleResolution",
        "bundler",
        "--pretty",
        "false",
        ...files,
      ],
      { cwd: folder },
    );
    return Object.fromEntries(
      Object.keys(dashboards).map((name) => [
        name,
        output
          .split("\n")
          .filter((line) => line.startsWith(`${name}.ts`))
          .join("\n"),
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function toSource(dashboard: SchemaDashboard): string {
  const { annotations, templating, panels } = dashboard;
  const known = {
    ...dashboard,
    annotations: { list: annotations.list.map((each) => without(each, BEHIND.annotation)) },
    templating: { list: templating.list.map((each) => without(each, BEHIND.variable)) },
  };
  const plugins = [...new Set(panels.map(({ type }) => PLUGINS[type] ?? type))].filter(
    (name) => name !== "row",
  );
  return [
    `import type { Json } from "./json.ts";`,
    `import type * as dashboard from "${RAW}/dashboard/x/types.gen";`,
    ...plugins.map(
      (name) => `import type * as ${name} from "${RAW}/composable/${name}/panelcfg/x/types.gen";`,
    ),
    constant("the_dashboard", "dashboard.Dashboard", known),
    ...panels.flatMap(panelSource),
  ].join("\n");
}

function panelSource({ id, type, options, fieldConfig }: SchemaPanel): string[] {
  const plugin = PLUGINS[type];
  if (plugin === undefined || fieldConfig === undefined) return [];
  const fields = WITH_FIELDS.has(plugin) ? `Partial<${plugin}.FieldConfig>` : "Record<string, never>";
  const overrides = fieldConfig.overrides.flatMap(({ properties }) => properties);
  const isCustom = ({ id }: { id: string }) => id.startsWith("custom.");
  const name = `panel_${id}`;
  return [
    constant(`${name}_options`, `${plugin}.Options`, options),
    constant(`${name}_custom`, fields, fieldConfig.defaults.custom ?? {}),
    ...overrides.map((property, index) =>
      isCustom(property)
        ? constant(`${name}_override_${index}`, fields, { [property.id.slice(7)]: property.value })
        : constant(`${name}_override_${index}`, "dashboard.FieldConfig", { [property.id]: property.value }),
    ),
  ];
}

function constant(name: string, type: string, value: unknown): string {
  return `export const ${name}: Json<${type}> = ${JSON.stringify(value, null, 1)};`;
}

function without(value: object, keys: string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
