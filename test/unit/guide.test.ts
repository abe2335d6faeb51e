import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT } from "../../scripts/stack/project.ts";

const GUIDE = join(PROJECT, "docs/guide.zh-CN.md");
const guide = readFileSync(GUIDE, "utf8");

test("the guide explains every key of config.ini", () => {
  const config = readFileSync(join(PROJECT, "config/config.ini"), "utf8");
  const keys = [...config.matchAll(/^(\w+) =/gm)].map(([, key]) => key);
  assert.ok(keys.length > 10);
  assert.deepEqual(
    keys.filter((key) => !guide.includes(`| \`${key}\` |`)),
    [],
  );
});

test("the guide names every alert, and each has a runbook", () => {
  const rules = join(PROJECT, "prometheus/rules");
  const alerts = readdirSync(rules)
    .flatMap(
      (name) => parse(readFileSync(join(rules, name), "utf8")).groups as { rules: { alert?: string }[] }[],
    )
    .flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []))
    .filter((alert) => alert !== "Watchdog");
  const runbooks = readdirSync(join(PROJECT, "docs/runbooks")).map((name) => name.replace(".md", ""));
  assert.deepEqual([...alerts, "WatchdogSilent"].sort(), runbooks.sort());
  assert.deepEqual(
    runbooks.filter((alert) => !guide.includes(`[${alert}](runbooks/${alert}.md)`)),
    [],
  );
});

test("no link of the documentation leads nowhere", () => {
  for (const file of [GUIDE, join(PROJECT, "README.md")]) {
    const targets = [...readFileSync(file, "utf8").matchAll(/\]\(((?!https?:|#)[^)#]+)/g)].map(
      ([, target = ""]) => target,
    );
    assert.ok(targets.length > 0);
    for (const target of targets) assert.ok(existsSync(join(dirname(file), target)), `${file}: ${target}`);
  }
});
