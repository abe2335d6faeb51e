import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readChannelSettings } from "../alertmanager/relay/channels/index.ts";
import { type Config, readConfig } from "../config/config.ts";
import {
  configFile,
  type Env,
  EnvironmentError,
  optional,
  readServiceEnvironment,
} from "../config/environment.ts";
import { publicUrls, readPorts } from "./stack/addresses.ts";
import { cli } from "./stack/cli.ts";
import { findEngine, startCompose } from "./stack/compose.ts";
import { ensureDotenv, readDotenv } from "./stack/dotenv.ts";
import { withLock } from "./stack/lock.ts";
import { startNative } from "./stack/native.ts";
import { isOwnAddress } from "./stack/ports.ts";
import { logFile, runningProcesses } from "./stack/processes.ts";
import { PROJECT, StackError, statePaths } from "./stack/project.ts";
import { createReport, type Report } from "./stack/report.ts";
import { summarize } from "./stack/summary.ts";

/** npm start: everything up and healthy, or the reason why not. */
async function up(): Promise<void> {
  const { values: force } = parseArgs({
    options: { native: { type: "boolean" }, docker: { type: "boolean" } },
  });
  if (force.native && force.docker) throw new StackError("--native 和 --docker 只能选一个");
  process.chdir(PROJECT);
  const report = createReport(process.stdout);
  const file = configFile(existsSync(".env") ? readDotenv(".env", process.env) : process.env);
  const config = readConfig(file);
  const written = ensureDotenv(".env", ".env.example", process.env);
  if (written === "created") report.line("✅ 已生成 .env 和其中的随机密钥（只有本人可读）");
  if (written === "completed") report.line("✅ 已在 .env 里补上缺少的随机密钥");
  const env = readDotenv(".env", process.env);
  await checkEnvironment(env, config);
  const paths = statePaths(join(PROJECT, ".stack"));

  if (await choosesDocker(force, runningProcesses(paths).length > 0, report)) {
    const ports = await startCompose({ project: PROJECT, config, env, report });
    const urls = publicUrls(config, env, ports);
    summarize(report, { config, env, urls, missing: {}, relayLog: "（docker compose logs relay）" });
  } else {
    const { ports, ...native } = await startNative({
      project: PROJECT,
      paths,
      config,
      configFile: file,
      env,
      report,
    });
    const urls = publicUrls(config, env, ports);
    summarize(report, { config, env, urls, ...native, relayLog: logFile(paths, "relay") });
  }
}

/** Everything that a part would refuse to start with: better now than after the running one was stopped. */
async function checkEnvironment(env: Env, config: Config): Promise<void> {
  readPorts(config, env);
  readServiceEnvironment(env, config.metricsPort);
  readChannelSettings(env);
  const host = optional(env, "HOST");
  if (host !== undefined && !(await isOwnAddress(host))) {
    throw new EnvironmentError(`环境变量 HOST：${host} 不是本机的地址；0.0.0.0 表示所有地址`);
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

await cli(() => withLock(join(PROJECT, ".stack"), up));
