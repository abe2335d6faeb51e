import { join } from "node:path";
import { uninstallService } from "./service/uninstall.ts";
import { cli } from "./stack/cli.ts";
import { withLock } from "./stack/lock.ts";
import { PROJECT, statePaths } from "./stack/project.ts";
import { createReport } from "./stack/report.ts";

/** npm run uninstall-service: nothing is left on the machine; the data goes back into the checkout. */
async function uninstall(signal: AbortSignal): Promise<void> {
  process.chdir(PROJECT);
  const paths = statePaths(join(PROJECT, ".stack"));
  await uninstallService({ project: PROJECT, paths, report: createReport(process.stdout), signal });
}

await cli((signal) => withLock(join(PROJECT, ".stack"), () => uninstall(signal)));
