import { join } from "node:path";
import { parseArgs } from "node:util";
import { finishUnfinishedRestore } from "./backup/finding.ts";
import { publicUrls } from "./stack/addresses.ts";
import { cli } from "./stack/cli.ts";
import { keptSecrets, startCompose } from "./stack/compose.ts";
import { ensureDotenv, hasSecrets } from "./stack/dotenv.ts";
import { chooseKind, type Force } from "./stack/kind.ts";
import { withLock } from "./stack/lock.ts";
import { startNative } from "./stack/native.ts";
import { whereLogged } from "./stack/processes.ts";
import { PROJECT, type StatePaths, statePaths } from "./stack/project.ts";
import { createReport, type Report } from "./stack/report.ts";
import { checkSettings, readSettings } from "./stack/settings.ts";
import { summarize } from "./stack/summary.ts";

const UNCHANGED = "✅ 各部分都已在运行，没有改动";

/** npm start: everything up and healthy, or the reason why not. */
async function up(signal: AbortSignal): Promise<void> {
  const { values: force } = parseArgs({
    options: { native: { type: "boolean" }, docker: { type: "boolean" } },
  });
  process.chdir(PROJECT);
  const report = createReport(process.stdout);
  await finishUnfinishedRestore(report);
  const given = readSettings();
  const paths = statePaths(join(PROJECT, ".stack"));
  const byDocker = await choosesDocker(force, paths, report);
  const kept = byDocker && !hasSecrets(given.env) ? await keptSecrets(PROJECT, given) : {};
  const written = ensureDotenv(".env", ".env.example", process.env, kept);
  if (written === "created") report.line("✅ 已生成 .env 和其中的随机密钥（只有本人可读）");
  if (written === "completed") report.line("✅ 已在 .env 里补上缺少的随机密钥");
  const settings = readSettings();
  await checkSettings(settings);
  const { config, env } = settings;
  if (byDocker) {
    const { isChanged, ports } = await startCompose({ project: PROJECT, settings, report, signal });
    if (!isChanged) report.line(UNCHANGED);
    const urls = publicUrls(config, env, ports);
    summarize(report, { config, env, urls, missing: {}, relayLog: "（docker compose logs relay）" });
  } else {
    const { isChanged, isReady, ports, ...native } = await startNative({
      project: PROJECT,
      paths,
      ...settings,
      report,
      fetchServers: true,
      keepLate: true,
      signal,
    });
    if (!isReady) process.exitCode = 1;
    else if (!isChanged) report.line(UNCHANGED);
    const urls = publicUrls(config, env, ports);
    summarize(report, { config, env, urls, ...native, relayLog: whereLogged(paths, "relay") });
  }
}

async function choosesDocker(force: Force, paths: StatePaths, report: Report): Promise<boolean> {
  const chosen = await chooseKind(force, paths);
  if (chosen.kind === "docker") report.line(`✅ 使用 Docker ${chosen.version}`);
  else if (chosen.reason) report.line(`✅ 以本机方式运行（${chosen.reason.split("\n")[0]}）`);
  return chosen.kind === "docker";
}

await cli((signal) => withLock(join(PROJECT, ".stack"), () => up(signal)), {
  usage: "npm start [-- --native] [-- --docker]",
});
