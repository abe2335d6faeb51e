import { join } from "node:path";
import { requireSystemd } from "./service/install.ts";
import { uninstallService } from "./service/uninstall.ts";
import { cli } from "./stack/cli.ts";
import { withServiceLock } from "./stack/lock.ts";
import { PROJECT, statePaths } from "./stack/project.ts";
import { createReport } from "./stack/report.ts";

/** npm run uninstall-service: nothing is left on the machine; the data goes back into the checkout. */
async function uninstall(signal: AbortSignal): Promise<void> {
  process.chdir(PROJECT);
  const paths = statePaths(join(PROJECT, ".stack"));
  await uninstallService({ project: PROJECT, paths, report: createReport(process.stdout), signal });
}

await cli(
  async (signal) => {
    requireSystemd();
    await withServiceLock(() => uninstall(signal));
  },
  { usage: "npm run uninstall-service", takesNothing: true },
);
