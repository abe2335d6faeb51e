import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../../scripts/stack/project.ts";
import { run } from "../../scripts/stack/run.ts";
import { exists, metricNames } from "../helpers/metrics.ts";
import { findings } from "../helpers/promtool.ts";
import { rules } from "../helpers/rules.ts";
import { requireTool } from "../helpers/servers.ts";

/** Named in the contract, before there was a rule for names. */
const OWN_NAMES = [
  "monitoring:threshold",
  "monitoring:error_rate_min_messages",
  "monitoring:message_growth_floor",
];

test("Prometheus takes the committed configuration", async () => {
  const promtool = await requireTool("prometheus");
  await run(promtool, ["check", "config", join(PROJECT, "prometheus/prometheus.yml")]);
});

test("Alertmanager takes the committed configuration", async () => {
  const amtool = await requireTool("alertmanager");
  await run(amtool, ["check-config", join(PROJECT, "alertmanager/alertmanager.yml")]);
});

for (const name of readdirSync(import.meta.dirname).filter((file) => file.endsWith(".yml"))) {
  test(`promtool test rules ${name}`, async () => {
    assert.equal(await findings(join(import.meta.dirname, name)), "");
  });
}

test("recording rules are named level:metric:operations", () => {
  for (const { record } of rules) {
    if (record === undefined || OWN_NAMES.includes(record)) continue;
    assert.match(record, /^[a-z_]+:[a-z_]+:[a-z0-9_]+$/);
  }
});

test("every metric that a rule reads exists", () => {
  for (const { alert, record, expr } of rules) {
    for (const name of metricNames(`${expr}`)) assert.ok(exists(name), `${alert ?? record}: ${name}`);
  }
});
