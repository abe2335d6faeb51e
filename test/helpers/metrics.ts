import { readFixture } from "../unit/support/golden.ts";
import { rules } from "./rules.ts";

/** What the exporter publishes, all with its `instance`. */
export const EXPORTER_METRICS = namesIn("exporter/scrape.txt");
const OTHER_METRICS = [
  ...namesIn("relay/metrics.txt"),
  ..."up scrape_duration_seconds process_resident_memory_bytes ALERTS ALERTS_FOR_STATE".split(" "),
];
const RECORDED = rules.flatMap(({ record }) => record ?? []);
const KNOWN = new Set([...EXPORTER_METRICS, ...OTHER_METRICS, ...RECORDED]);
/** What the servers say of themselves; their own pages name these. */
const OF_SERVERS = /^(prometheus|alertmanager|grafana)_/;

const KEYWORDS = new Set(
  "and or unless bool offset by without on ignoring group_left group_right".split(" "),
);

export function exists(metric: string): boolean {
  return KNOWN.has(metric) || OF_SERVERS.test(metric);
}

/** Of every series in a scrape under test/fixtures, those of histograms included. */
function namesIn(golden: string): string[] {
  const lines = readFixture(golden).match(/^[a-z]\w+/gm) ?? [];
  return [...new Set(lines)];
}

/** What is left of an expression without strings, selectors, ranges, label lists, numbers, functions and keywords. */
export function metricNames(expr: string): string[] {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, "")
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const names = bare.match(/(?<![\w:.])[a-zA-Z_:][\w:]*\b(?!\s*\()/g) ?? [];
  return names.filter((name) => !KEYWORDS.has(name));
}
