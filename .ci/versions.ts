import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import { PROJECT } from "../scripts/stack/project.ts";
import { run } from "../scripts/stack/run.ts";
import { findServer, isMissing, type Server } from "../scripts/stack/servers.ts";
import { eventually } from "../test/helpers/eventually.ts";
import { SERVERS_FOLDER } from "../test/helpers/servers.ts";
import type { TestStack } from "../test/helpers/stack.ts";
import { fetchSidServers } from "./sid.ts";
import { askPrometheus, createStackOn, renderedFile } from "./stack.ts";

/** Shows that rules and configurations load in each version that DESIGN and README promise. */
const PROMISED = [
  { prometheus: "2.42.", alertmanager: "0.25." },
  { prometheus: "3.5.", alertmanager: "0.33." },
];

/** Milliseconds for the tests of the rules. */
const TESTS_TIMEOUT = 120_000;
/** Seconds until every rule was evaluated. */
const EVALUATED_WITHIN = 30;

interface Versions {
  prometheus: string;
  alertmanager: string;
}

async function main(): Promise<void> {
  // The other suites' servers are the ones that the tests use anyway, on Debian 12 those of its packages.
  const folders = [SERVERS_FOLDER, ...(await sidServers())];
  const seen: Versions[] = [];
  for (const folder of folders) seen.push(await tryVersions(folder));
  for (const promised of PROMISED) {
    const had = seen.some(
      ({ prometheus, alertmanager }) =>
        prometheus.startsWith(promised.prometheus) && alertmanager.startsWith(promised.alertmanager),
    );
    if (!had)
      console.log(
        `versions: skipped Prometheus ${promised.prometheus}x with Alertmanager ${promised.alertmanager}x: not to be had here`,
      );
  }
}

async function sidServers(): Promise<string[]> {
  const folder = join(PROJECT, ".stack/sid");
  try {
    await fetchSidServers(folder);
    return [folder];
  } catch (error) {
    console.log(`versions: the packages of Debian sid are not to be had: ${(error as Error).message}`);
    return [];
  }
}

/** @throws with what this version does not take */
async function tryVersions(folder: string): Promise<Versions> {
  const begin = Date.now();
  const prometheus = await server("prometheus", folder);
  const alertmanager = await server("alertmanager", folder);
  const versions = `Prometheus ${prometheus.version} and Alertmanager ${alertmanager.version}`;
  const stack = await createStackOn(folder);
  try {
    await testRules(stack, versions);
    const { code, output } = await stack.up();
    assert.equal(code, 0, output);
    const lint = ["check", "config", "--lint=all", "--lint-fatal"];
    await run(tool(prometheus), [...lint, renderedFile(stack, "prometheus/prometheus.yml")]);
    await run(tool(alertmanager), ["check-config", renderedFile(stack, "alertmanager/alertmanager.yml")]);
    await checkMetrics(stack, tool(prometheus));
    assert.deepEqual(await runningVersions(stack), {
      prometheus: prometheus.version,
      alertmanager: alertmanager.version,
    });
    const rules = await evaluatedRules(stack);
    console.log(
      `versions: ${versions}: the tests of the rules pass, the configuration is taken, ` +
        `${rules} rules are evaluated (${Math.round((Date.now() - begin) / 1000)} s)`,
    );
  } finally {
    await stack.remove();
  }
  return { prometheus: prometheus.version, alertmanager: alertmanager.version };
}

async function server(name: "prometheus" | "alertmanager", folder: string): Promise<Server> {
  const found = await findServer(name, { folder, env: process.env, progress: () => {} });
  if (isMissing(found)) throw new Error(`${name}: ${found.reason}`);
  return found;
}

function tool({ tool, origin }: Server): string {
  if (tool === undefined) throw new Error(`${origin} has no tool`);
  return tool;
}

/** With the tools of the stack's own servers: promtool and amtool on the committed files, and every story. */
async function testRules({ folder }: TestStack, versions: string): Promise<void> {
  const files = readdirSync(join(folder, "test/rules")).filter((name) => name.endsWith(".test.ts"));
  const args = ["--test", "--test-reporter=dot", ...files.map((name) => join("test/rules", name))];
  const test = spawn(process.execPath, args, { cwd: folder, timeout: TESTS_TIMEOUT });
  const [output, [code]] = await Promise.all([text(test.stdout), once(test, "exit")]);
  if (code !== 0) throw new Error(`the tests of the rules fail with ${versions}:\n${output}`);
}

/** promtool's own opinion of how metrics are named and described. */
async function checkMetrics({ urls }: TestStack, promtool: string): Promise<void> {
  for (const url of [urls.exporter, urls.relay]) {
    const input = await (await fetch(`${url}/metrics`)).text();
    const { status, stderr } = spawnSync(promtool, ["check", "metrics"], { input, encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
}

/** As the servers say themselves. */
async function runningVersions(stack: TestStack): Promise<Versions> {
  const { version } = await askPrometheus<{ version: string }>(stack, "status/buildinfo");
  const response = await fetch(`${stack.urls.alertmanager}/api/v2/status`);
  const status = (await response.json()) as { versionInfo: { version: string } };
  const [prometheus = "", alertmanager = ""] = [version, status.versionInfo.version].map(
    (words) => /^\d+\.\d+\.\d+/.exec(words)?.[0],
  );
  return { prometheus, alertmanager };
}

interface Group {
  rules: { name: string; health: string; lastError?: string }[];
}

/** Every rule of the files, loaded and evaluated without an error. @returns how many */
async function evaluatedRules(stack: TestStack): Promise<number> {
  const wanted = readdirSync(renderedFile(stack, "prometheus/rules"))
    .map((name) => parse(readFileSync(renderedFile(stack, `prometheus/rules/${name}`), "utf8")))
    .flatMap(({ groups }) => groups)
    .flatMap(({ rules }) => rules)
    .map(({ alert, record }) => alert ?? record);
  const rules = await eventually(
    "every rule evaluated",
    async () => {
      const { groups } = await askPrometheus<{ groups: Group[] }>(stack, "rules");
      const loaded = groups.flatMap(({ rules }) => rules);
      return loaded.every(({ health }) => health !== "unknown") && loaded;
    },
    EVALUATED_WITHIN,
  );
  assert.deepEqual(rules.map(({ name }) => name).sort(), wanted.sort());
  const failing = rules.filter(({ health }) => health !== "ok");
  assert.deepEqual(failing, []);
  return rules.length;
}

await main().catch((error: Error) => {
  console.error(`versions: ${error.message}`);
  process.exitCode = 1;
});
