import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../../scripts/stack/project.ts";
import { READS, SERVICES, WRITES } from "./support/services.ts";

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

const SOURCES = {
  exporter: ["service/app.ts", "exporter/app.ts", "exporter/page/assets.ts"],
  relay: ["service/app.ts", "alertmanager/relay/app.ts"],
};

for (const name of SERVICES) {
  test(`the lists of the ${name}'s routes, which the other tests go through, have every route`, () => {
    const routes = SOURCES[name].flatMap((file) => readRoutes(readFileSync(join(PROJECT, file), "utf8")));
    assert.ok(routes.length > 8, routes.map(({ path }) => path).join());
    for (const { method, path } of routes) {
      const known = method === "get" ? READS[name] : Object.keys(WRITES[name]);
      // What varies of a path is one name.
      const pattern = new RegExp(`^${path.replaceAll(/\$\{\w+\}|:\w+/g, "[^/]+")}$`);
      assert.ok(
        known.some((one) => pattern.test(one)),
        `${method} ${path}`,
      );
    }
  });
}

function readRoutes(source: string): { method: string; path: string }[] {
  return [
    ...source.matchAll(/\bapp\.(get|post|put|patch|delete|all)\(\[?((?:["`][^"`]+["`],? ?)+)/g),
  ].flatMap(([, method = "", paths = ""]) =>
    [...paths.matchAll(/["`]([^"`]+)["`]/g)].map(([, path = ""]) => ({ method, path })),
  );
}
