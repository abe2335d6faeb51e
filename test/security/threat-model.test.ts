import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../../scripts/stack/project.ts";

const PAGE = join(PROJECT, "docs/threat-model.md");
const page = readFileSync(PAGE, "utf8");
const lines =
  page
    .split("## Line by line")[1]
    ?.split("## ")[0]
    ?.match(/^\| (?!could|---).*$/gm) ?? [];

test("every line of the threat model names a test, and every test is there", () => {
  assert.ok(lines.length > 15);
  for (const line of lines) {
    const targets = [...line.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
    assert.ok(
      targets.some((target) => target.endsWith(".test.ts")),
      line,
    );
    for (const target of targets) assert.ok(existsSync(join(dirname(PAGE), target)), target);
  }
});

test("every test of security has a line", () => {
  const tests = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
  const missing = tests.filter(
    (name) => name !== "threat-model.test.ts" && !page.includes(`security/${name}`),
  );
  assert.deepEqual(missing, []);
});
