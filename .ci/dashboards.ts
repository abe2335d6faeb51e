import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../scripts/stack/project.ts";
import { run } from "../scripts/stack/run.ts";
import { allPanelQueries, DASHBOARDS } from "../test/helpers/panel-queries.ts";

/** Lints the dashboards with Grafana's own linter; npm test has the rules that matter here by itself. */
const MODULE = "github.com/grafana/dashboard-linter@latest";
/** Milliseconds to fetch and compile it. */
const TIMEOUT = 300_000;

async function main(): Promise<void> {
  const folder = join(PROJECT, ".stack/dashboard-linter");
  try {
    mkdirSync(folder, { recursive: true });
    await run("go", ["install", MODULE], { env: { ...process.env, GOBIN: folder }, timeout: TIMEOUT });
  } catch (error) {
    console.log(`dashboards: skipped grafana/dashboard-linter: not to be had: ${(error as Error).message}`);
    return;
  }
  const names = [...new Set(allPanelQueries().map(({ dashboard }) => dashboard))];
  for (const name of names) {
    const args = ["lint", "--strict", "--config", join(PROJECT, ".ci/dashboards.lint")];
    execFileSync(join(folder, "dashboard-linter"), [...args, join(DASHBOARDS, `${name}.json`)], {
      stdio: "inherit",
    });
  }
  console.log(`dashboards: grafana/dashboard-linter found nothing in ${names.length} dashboards`);
}

await main().catch((error: Error) => {
  console.error(`dashboards: ${error.message}`);
  process.exitCode = 1;
});
