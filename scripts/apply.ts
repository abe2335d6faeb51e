import { join } from "node:path";
import { refuseUnfinishedRestore } from "./backup/unfinished.ts";
import { cli } from "./stack/cli.ts";
import { isComposeUp, startCompose } from "./stack/compose.ts";
import { chooseKind } from "./stack/kind.ts";
import { withLock } from "./stack/lock.ts";
import { startNative } from "./stack/native.ts";
import { activeProcesses } from "./stack/processes.ts";
import { PROJECT, StackError, statePaths } from "./stack/project.ts";
import { createReport } from "./stack/report.ts";
import { checkSettings, readSettings, type Settings } from "./stack/settings.ts";

/** npm run apply: what config.ini, .env and the rules say becomes live, or all stays as it is. */
async function apply(signal: AbortSignal): Promise<void> {
  process.chdir(PROJECT);
  refuseUnfinishedRestore();
  const settings = readSettings();
  await checkSettings(settings);
  const isChanged = await applyWhereItRuns(settings, signal);
  process.stdout.write(`✅ ${isChanged ? "新配置已生效" : "没有改动，各部分都在按这份配置运行"}\n`);
}

async function applyWhereItRuns(settings: Settings, signal: AbortSignal): Promise<boolean> {
  const report = createReport(process.stdout);
  const paths = statePaths(join(PROJECT, ".stack"));
  const { kind } = await chooseKind({}, paths);
  if (kind === "native" && activeProcesses(paths).length > 0) {
    const options = { project: PROJECT, paths, ...settings, report, fetchServers: false, signal };
    return (await startNative(options)).isChanged;
  }
  if (kind === "docker" && (await isComposeUp(PROJECT, settings))) {
    return (await startCompose({ project: PROJECT, settings, report, signal })).isChanged;
  }
  throw new StackError("没有在运行，请执行 npm start");
}

await cli((signal) => withLock(join(PROJECT, ".stack"), () => apply(signal)), {
  usage: "npm run apply",
  takesNothing: true,
  refused: "什么都没有改动。",
});
