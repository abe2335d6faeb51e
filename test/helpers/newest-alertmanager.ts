import { join } from "node:path";
import { fetchSidServers } from "../../.ci/sid.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { findServer, isMissing, type Server } from "../../scripts/stack/servers.ts";
import { requireServer } from "./servers.ts";

/** The newest Alertmanager that Debian has, in the folder that .ci/versions.ts uses; where it is not to be had, the tests' own. */
export async function newestAlertmanager(): Promise<Server> {
  const folder = join(PROJECT, ".stack/sid");
  const found = await fetchSidServers(folder).then(
    () => findServer("alertmanager", { folder, env: {}, progress: () => {}, fetch: false }),
    () => undefined,
  );
  return found === undefined || isMissing(found) ? requireServer("alertmanager") : found;
}
