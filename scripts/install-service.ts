import { join } from "node:path";
import { installService, requireSystemd } from "./service/install.ts";
import { cli } from "./stack/cli.ts";
import { findEngine, isComposeUp } from "./stack/compose.ts";
import { withServiceLock } from "./stack/lock.ts";
import { PROJECT, StackError, statePaths } from "./stack/project.ts";
import { createReport } from "./stack/report.ts";
import { readSettings } from "./stack/settings.ts";

/** npm run install-service: systemd runs the native stack from now on, also after a boot. */
async function install(signal: AbortSignal): Promise<void> {
  process.chdir(PROJECT);
  if ("version" in (await findEngine()) && (await isComposeUp(PROJECT, readSettings()))) {
    throw new StackError("监控正在 Docker 里运行，Docker 开机自启就够了。要改用系统服务，请先执行 npm stop");
  }
  const report = createReport(process.stdout);
  await installService({ project: PROJECT, paths: statePaths(join(PROJECT, ".stack")), report, signal });
}

await cli(
  async (signal) => {
    requireSystemd();
    await withServiceLock(() => install(signal));
  },
  { usage: "npm run install-service", takesNothing: true },
);
