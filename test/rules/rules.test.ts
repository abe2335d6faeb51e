import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT } from "../../scripts/stack/project.ts";
import { run } from "../../scripts/stack/run.ts";
import { requireTool } from "../helpers/servers.ts";

const RULES = join(PROJECT, "prometheus/rules");

interface Rule {
  alert?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

const files = readdirSync(RULES).map((name) => join(RULES, name));
const alerts = files
  .flatMap((file) => (parse(readFileSync(file, "utf8")) as { groups: { rules: Rule[] }[] }).groups)
  .flatMap(({ rules }) => rules)
  .filter(({ alert }) => alert !== undefined);

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
    const promtool = await requireTool("prometheus");
    // Its findings are on standard output.
    const output = await run("sh", [
      "-c",
      '"$0" test rules "$1" 2>&1 || echo FAILED',
      promtool,
      join(import.meta.dirname, name),
    ]);
    assert.doesNotMatch(output, /FAILED/, output);
  });
}

for (const { alert = "", labels, annotations } of alerts) {
  test(`${alert} says what, how bad, and what to do, in Chinese`, () => {
    assert.match(labels?.severity ?? "", /^(critical|warning|info)$/);
    for (const name of ["summary", "description"])
      assert.match(annotations?.[name] ?? "", /\p{Script=Han}/u, name);
    if (alert === "Watchdog") return;
    assert.equal(annotations?.runbook_url, `http://localhost:8001/runbooks/${alert}`);
    assert.match(readFileSync(join(PROJECT, "docs/runbooks", `${alert}.md`), "utf8"), /\p{Script=Han}/u);
    assert.match(
      annotations?.dashboard_url ?? "",
      /^http:\/\/localhost:3000\/d\/wecom-(overview|system|business|pipeline)$/,
    );
    assert.notEqual(annotations?.chart, undefined);
  });
}
