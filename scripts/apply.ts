import { join } from "node:path";
import { cli } from "./stack/cli.ts";
import { withLock } from "./stack/lock.ts";
import { startNative } from "./stack/native.ts";
import { runningProcesses } from "./stack/processes.ts";
import { PROJECT, StackError, statePaths } from "./stack/project.ts";
import { createReport } from "./stack/report.ts";
import { checkSettings, readSettings } from "./stack/settings.ts";

/** npm run apply: what config.ini, .env and the rules say becomes live, or nothing changes. */
async function apply(): Promise<void> {
  process.chdir(PROJECT);
  const report = createReport(process.stdout);
  const settings = readSettings();
  await checkSettings(settings);
  const paths = statePaths(join(PROJECT, ".stack"));
  if (runningProcesses(paths).length === 0) throw new StackError("没有在运行，请执行 npm start");
  const { isChanged } = await startNative({
    project: PROJECT,
    paths,
    ...settings,
    report,
    fetchServers: false,
  });
  report.line(isChanged ? "✅ 新配置已生效" : "✅ 没有改动，各部分都在按这份配置运行");
}

await cli(() => withLock(join(PROJECT, ".stack"), apply), "什么都没有改动。");
