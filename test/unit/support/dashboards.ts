import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DASHBOARDS } from "../../helpers/panel-queries.ts";

export interface Target {
  datasource: unknown;
  expr: string;
  instant: boolean;
  legendFormat: string;
  refId: string;
}

export interface Link {
  type?: string;
  title: string;
  url: string;
  tags?: string[];
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: unknown;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: {
    defaults: {
      unit?: string;
      noValue?: string;
      links?: Link[];
      mappings?: Mapping[];
      thresholds?: { steps: unknown[] };
    };
    overrides: { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] }[];
  };
  links?: Link[];
  panels?: Panel[];
  targets?: Target[];
  /** The time that it shows, whatever is chosen. */
  timeFrom?: string;
  transformations?: { id: string; options: object }[];
}

export interface Mapping {
  type: string;
  options: Record<string, { text: string }>;
}

export interface Annotation {
  builtIn?: number;
  datasource: unknown;
  expr: string;
}

export interface Variable {
  type: string;
  name: string;
  hide: number;
  datasource?: unknown;
  current: { value: unknown };
}

export interface Dashboard {
  id?: number;
  uid: string;
  title: string;
  editable: boolean;
  tags: string[];
  links: Link[];
  annotations: { list: Annotation[] };
  panels: Panel[];
  templating: { list: Variable[] };
}

/** Every dashboard, by its file's name without .json. */
export const dashboards = new Map(
  readdirSync(DASHBOARDS).map((file) => [
    file.replace(".json", ""),
    JSON.parse(readFileSync(join(DASHBOARDS, file), "utf8")) as Dashboard,
  ]),
);

/** Without rows, which show nothing themselves. */
export function panelsOf({ panels }: Dashboard): Panel[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]).filter(({ type }) => type !== "row");
}

/** Its own expressions, those of its annotations too, each with where it stands. */
export function expressionsOf(dashboard: Dashboard): { place: string; expr: string; instant: boolean }[] {
  return [
    ...panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr, instant }) => ({ place: `${title} ${refId}`, expr, instant })),
    ),
    ...annotationsOf(dashboard).map(({ expr }) => ({ place: "annotation", expr, instant: false })),
  ];
}

export function annotationsOf({ annotations }: Dashboard): Annotation[] {
  return annotations.list.filter(({ builtIn }) => builtIn !== 1);
}

/** What a panel calls the values of one field, or its series: key and words of mappings and of display names. */
export function wordsOf({ fieldConfig }: Panel): [string, string][] {
  const { defaults = {}, overrides = [] } = fieldConfig ?? {};
  const properties = overrides.flatMap(({ matcher, properties }) =>
    properties.map((property) => ({ name: matcher.options, ...property })),
  );
  const mappings = properties.flatMap(({ id, value }) => (id === "mappings" ? (value as Mapping[]) : []));
  return [
    ...[...(defaults.mappings ?? []), ...mappings].flatMap(({ options }) =>
      Object.entries(options).map(([key, { text }]): [string, string] => [key, text]),
    ),
    ...properties.flatMap(({ id, name, value }): [string, string][] =>
      id === "displayName" ? [[name, String(value)]] : [],
    ),
  ];
}
