import { join } from "node:path";
import { parseArgs } from "node:util";
import { finishUnfinishedRestore } from "./backup/finding.ts";
import { isService } from "./service/names.ts";
import { publicUrls } from "./stack/addresses.ts";
import { cli } from "./stack/cli.ts";
import { findEngine, keptSecrets, startCompose } from "./stack/compose.ts";
import { ensureDotenv, hasSecrets } from "./stack/dotenv.ts";
import { withLock } from "./stack/lock.ts";
import { startNative } from "./stack/native.ts";
import { runningProcesses, whereLogged } from "./stack/processes.ts";
import { PROJECT, StackError, statePaths } from "./stack/project.ts";
import { createReport, type Report } from "./stack/report.ts";
import { checkSettings, readSettings } from "./stack/settings.ts";
import { summarize } from "./stack/summary.ts";

const UNCHANGED = "✅ 各部分都已在运行，没有改动";

/** npm start: everything up and healthy, or the reason why not. */
async function up(signal: AbortSignal): Promise<void> {
  const { values: force } = parseArgs({
    options: { native: { type: "boolean" }, docker: { type: "boolean" } },
  });
  if (force.native && force.docker) throw new StackError("--native 和 --docker 只能选一个");
  process.chdir(PROJECT);
  const report = createReport(process.stdout);
  await finishUnfinishedRestore(report);
  const given = readSettings();
  const paths = statePaths(join(PROJECT, ".stack"));
  if (force.docker && isService(paths.root)) {
    throw new StackError("监控已安装成系统服务，请先执行 npm run uninstall-service");
  }
  const runsNatively = isService(paths.root) || runningProcesses(paths).length > 0;
  const byDocker = await choosesDocker(force, runsNatively, report);
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
    const { isChanged, ports, ...native } = await startNative({
      project: PROJECT,
      paths,
      ...settings,
      report,
      fetchServers: true,
      signal,
    });
    if (!isChanged) report.line(UNCHANGED);
    const urls = publicUrls(config, env, ports);
    summarize(report, { config, env, urls, ...native, relayLog: whereLogged(paths, "relay") });
  }
}

/** What runs natively goes on natively, also when an engine has turned up since. */
async function choosesDocker(
  force: { native?: boolean | undefined; docker?: boolean | undefined },
  nativeRuns: boolean,
  report: Report,
): Promise<boolean> {
  if (force.native) return false;
  if (force.docker && nativeRuns) throw new StackError("监控系统已在本机方式下运行，请先执行 npm stop");
  if (nativeRuns) return false;
  const engine = await findEngine();
  if ("version" in engine) {
    report.line(`✅ 使用 Docker ${engine.version}`);
    return true;
  }
  if (force.docker) throw new StackError(engine.reason);
  report.line(`✅ 以本机方式运行（${engine.reason.split("\n")[0]}）`);
  return false;
}

await cli((signal) => withLock(join(PROJECT, ".stack"), () => up(signal)));
