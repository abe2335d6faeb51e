import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { PROJECT } from "../../scripts/stack/project.ts";
import { copyCheckout } from "../helpers/checkout.ts";
import { guideCode } from "../helpers/guide.ts";
import { sample, startExporter } from "../unit/support/exporter.ts";

const exec = promisify(execFile);
const BIN = join(PROJECT, "node_modules/.bin");
const TOKEN = "s3cret";
/** The consumer's clock is the machine's. */
const CLOCK = { now: Date.now };
const COUNTERS = ["wecom_messages_total", "consultations_total", "cases_total", "satisfaction_score_sum"];

const [GUIDE_EXAMPLE = ""] = guideCode("ts");
const JS_EXAMPLE = `
  const { flush, recordMessage, systemMonitor } = await import("wecom-legal-monitoring/client");
  recordMessage({ outcome: "ok" });
  console.log(await flush(), (await systemMonitor.getSystemStatus()).monitoring_enabled);
`;
const MISTAKES = `
  import { type DashboardSeries, getDashboardData, recordMessage, systemMonitor } from "wecom-legal-monitoring/client";
  recordMessage({ outcome: "fine" });
  export const usage: string | undefined = (await systemMonitor.getSystemStatus())?.cpu_usage;
  export const series: DashboardSeries = (await getDashboardData())?.metrics.cases_total;
`;

let checkout: ReturnType<typeof copyCheckout>;
/** Another project, and where the package is put. */
let consumer: string;
let tarball: string;

before(async () => {
  checkout = copyCheckout();
  consumer = mkdtempSync(join(tmpdir(), "monitoring-consumer-"));
  // Left by an earlier version.
  mkdirSync(join(checkout.folder, "client/dist"), { recursive: true });
  writeFileSync(join(checkout.folder, "client/dist/stale.js"), "");
  await run(checkout.folder, "npm", "pack", "--pack-destination", consumer);
  tarball = join(consumer, readdirSync(consumer).find((name) => name.endsWith(".tgz")) ?? "");
  writeFileSync(join(consumer, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }');
});

after(() => {
  checkout.remove();
  rmSync(consumer, { recursive: true, force: true });
});

/** As from a shell, not from within npm test. @returns what it printed */
async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const { stdout, stderr } = await exec(program, args, {
    cwd,
    env: { ...env, PATH: BIN + delimiter + env.PATH },
    timeout: 120_000,
  });
  return stdout + stderr;
}
test("the package holds the compiled client, its licence, and nothing else", async () => {
  const listed = (await run(consumer, "tar", "-tzf", tarball)).trim().split("\n");
  const modules = readdirSync(join(PROJECT, "client")).filter((name) => name.endsWith(".ts"));
  assert.ok(modules.length > 10);
  const compiled = modules.flatMap((name) =>
    [".js", ".d.ts"].map((ending) => `package/client/dist/${name.replace(".ts", ending)}`),
  );
  const beside = ["LICENSE", "README.md", "package.json"].map((name) => `package/${name}`);
  assert.deepEqual(listed.sort(), [...compiled, ...beside].sort());
});

test("packing leaves package.json as it was", () => {
  assert.deepEqual(
    readFileSync(join(checkout.folder, "package.json")),
    readFileSync(join(PROJECT, "package.json")),
  );
  assert.deepEqual(readdirSync(join(checkout.folder, ".stack")), ["servers"]);
});

test("it installs without a network, brings no other package, and runs nothing", async () => {
  const offline = ["--offline", "--no-audit", "--no-fund", "--foreground-scripts", "--cache", ".cache"];
  const output = await run(consumer, "npm", "install", ...offline, tarball);
  assert.match(output, /added 1 package/);
  assert.doesNotMatch(output, /^> /m);
  const installed = readdirSync(join(consumer, "node_modules")).filter(
    (name) => !name.startsWith(".package"),
  );
  // No .bin: another `node` in it would be the consumer's in every npm run.
  assert.deepEqual(installed, ["wecom-legal-monitoring"]);
  const manifest = readInstalledManifest();
  const whenInstalled = ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"];
  assert.deepEqual(
    whenInstalled.filter((name) => name in manifest.scripts),
    [],
  );
  assert.deepEqual(
    Object.keys(manifest).filter((key) => /dependencies/i.test(key)),
    [],
  );
});

function readInstalledManifest() {
  const file = join(consumer, "node_modules/wecom-legal-monitoring/package.json");
  return JSON.parse(readFileSync(file, "utf8"));
}

test("its types let the guide's example through, and no mistake", async () => {
  const options = { module: "nodenext", strict: true, noEmit: true, skipLibCheck: false, types: [] };
  writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  writeFileSync(join(consumer, "app.ts"), GUIDE_EXAMPLE);
  assert.equal(await run(consumer, "tsc"), "");
  writeFileSync(join(consumer, "mistakes.ts"), MISTAKES);
  const { stdout } = (await run(consumer, "tsc").catch((error: unknown) => error)) as { stdout: string };
  rmSync(join(consumer, "mistakes.ts"));
  const errors = stdout.match(/^mistakes\.ts\(\d/gm) ?? [];
  assert.deepEqual(errors, ["mistakes.ts(3", "mistakes.ts(4", "mistakes.ts(5"], stdout);
});

test("the guide's example and a JavaScript program report to the exporter, and read from it", async (t) => {
  const exporter = await startExporter(t, { clock: CLOCK, env: { EXPORTER_TOKEN: TOKEN } });
  Object.assign(process.env, { MONITORING_URL: exporter.url, EXPORTER_TOKEN: TOKEN });
  writeFileSync(join(consumer, "app.js"), JS_EXAMPLE);
  assert.match(
    await run(consumer, "node", "app.ts"),
    /^(up|unknown)\nundefined\n.*Prometheus does not answer/s,
  );
  assert.equal(await run(consumer, "node", "app.js"), "true true\n");
  const scrape = await exporter.text("/metrics");
  assert.deepEqual(
    COUNTERS.map((name) => sample(scrape, name)),
    [3, 1, 1, 4.5],
  );
});

test("package.json of a packing that was killed comes back with the next npm command", async () => {
  const manifest = join(checkout.folder, "package.json");
  const original = readFileSync(manifest, "utf8");
  await run(checkout.folder, "node", "scripts/pack.mjs");
  assert.doesNotMatch(readFileSync(manifest, "utf8"), /"dependencies"/);
  await run(checkout.folder, "npm", "run", "prestart");
  assert.equal(readFileSync(manifest, "utf8"), original);
});

test("package.json that was changed meanwhile stays as it is, and the packing fails", async () => {
  const manifest = join(checkout.folder, "package.json");
  const original = readFileSync(manifest, "utf8");
  const changed = original.replace('"version": "', '"version": "1');
  await run(checkout.folder, "node", "scripts/pack.mjs");
  writeFileSync(manifest, changed);
  await assert.rejects(run(checkout.folder, "node", "scripts/pack.mjs", "--after"), {
    stderr: "package.json was changed while it was being packed: run npm pack again\n",
  });
  assert.equal(readFileSync(manifest, "utf8"), changed);
  assert.equal(existsSync(join(checkout.folder, ".stack/package.json.kept")), false);
  writeFileSync(manifest, original);
});
