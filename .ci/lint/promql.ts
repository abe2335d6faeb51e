/** A node of an expression, as Prometheus 3 describes it (`/api/v1/parse_query`, made for its own pages). */
export interface Node {
  type: string;
  /** Of a selector. */
  name?: string;
  matchers?: Matcher[];
  /** Milliseconds. */
  range?: number;
  func?: { name: string; returnType: string };
  op?: string;
  grouping?: string[];
  without?: boolean;
  /** Null where one side is a number. */
  matching?: { on: boolean; labels: string[] } | null;
  lhs?: Node;
  rhs?: Node;
  expr?: Node;
  param?: Node | null;
  args?: Node[];
}

export interface Matcher {
  name: string;
  type: string;
  value: string;
}

export function children({ lhs, rhs, expr, param, args = [] }: Node): Node[] {
  return [lhs, rhs, expr, param, ...args].filter((node) => node !== undefined && node !== null);
}

/** The node and all below it, each with what it is inside of, innermost first. */
export function walk(node: Node, inside: Node[] = []): { node: Node; inside: Node[] }[] {
  return [{ node, inside }, ...children(node).flatMap((child) => walk(child, [node, ...inside]))];
}

export function selectors(node: Node): Node[] {
  return walk(node)
    .map(({ node }) => node)
    .filter(isSelector);
}

function isSelector({ type }: Node): boolean {
  return type === "vectorSelector" || type === "matrixSelector";
}

/** Stands for what is known only when an alert fires. */
const ANY = "any-value";

/** A query that is written inside a template, with the values that it does not know yet left open. */
export function withoutTemplates(text: string): string {
  return text.replaceAll(/"(?:\{\{[^}]*\}\}|%s)"|\{\{[^}]*\}\}|%q/g, `"${ANY}"`);
}

/** As PromQL writes it, without the values that are open. */
export function selectorText({ name = "", matchers = [] }: Node): string {
  const known = matchers.filter((matcher) => matcher.name !== "__name__" && matcher.value !== ANY);
  const texts = known.map(({ name, type, value }) => `${name}${type}${JSON.stringify(value)}`);
  return texts.length === 0 ? name : `${name}{${texts.join(", ")}}`;
}

/**
 * Which labels the result has: equal words stand for equal labels. Aggregations say it themselves, a recorded series
 * by its level (level:metric:operations), of anything else only the metric is known.
 */
export function labelsOf(node: Node): string | undefined {
  const { type, name = "", grouping = [], without = false } = node;
  if (type === "aggregation") return `${without ? "without" : "by"} ${grouping.toSorted().join(", ")}`;
  if (isSelector(node)) return name.includes(":") ? `level ${name.split(":")[0]}` : `metric ${name}`;
  return children(node)
    .map(labelsOf)
    .find((labels) => labels !== undefined);
}
