import assert from "node:assert/strict";
import { test } from "node:test";
import { gatherAlerts } from "../../exporter/overview/alerts.ts";
import { severityRank } from "../../service/severity.ts";
import { AWAY } from "./support/overview.ts";

const SEVERITIES = [
  {},
  { severity: "page" },
  { severity: "info" },
  { severity: "critical" },
  { severity: "warning" },
];
const WORST_FIRST = ["critical", "warning", "info", undefined, "page"];

test("the worst comes first; what nobody knows, or has none, last", () => {
  const sorted = SEVERITIES.toSorted((a, b) => severityRank(a) - severityRank(b));
  assert.deepEqual(
    sorted.map(({ severity }) => severity),
    WORST_FIRST,
  );
});

test("the page has its alerts in that order", () => {
  const alerts = SEVERITIES.map((labels) => ({
    labels,
    annotations: {},
    state: "firing" as const,
    activeAt: 0,
  }));
  const { firing } = gatherAlerts({ known: true, value: { alerts } as never }, AWAY, AWAY);
  assert.deepEqual(
    firing.map(({ labels }) => labels.severity),
    WORST_FIRST,
  );
});
