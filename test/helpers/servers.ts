import { join } from "node:path";
import { PROJECT, statePaths } from "../../scripts/stack/project.ts";
import type { ServerName } from "../../scripts/stack/releases.ts";
import { findServer, isMissing, type Server } from "../../scripts/stack/servers.ts";

/** The same place as npm start's, so that nothing is fetched twice. */
export const SERVERS_FOLDER = statePaths(join(PROJECT, ".stack")).servers;

/** A real server; a machine that cannot have one cannot run these tests. */
export async function requireServer(name: ServerName): Promise<Server> {
  const server = await findServer(name, { folder: SERVERS_FOLDER, env: process.env, progress: () => {} });
  if (isMissing(server)) throw new Error(`${name}: ${server.reason}`);
  return server;
}

/** promtool or amtool. */
export async function requireTool(name: "prometheus" | "alertmanager"): Promise<string> {
  const { tool } = await requireServer(name);
  if (tool === undefined) throw new Error(`${name} has no tool`);
  return tool;
}
