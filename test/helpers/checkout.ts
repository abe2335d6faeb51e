import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../scripts/stack/project.ts";
import { SERVERS_FOLDER } from "./servers.ts";

/** What a checkout holds besides the files that tell of it. */
const LEFT_OUT = new Set([".git", ".stack", ".env", "node_modules"]);

/** A copy of the checkout to work on, with the packages and servers of the original; removed by `remove`. */
export function copyCheckout(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "monitoring-"));
  for (const name of readdirSync(PROJECT)) {
    if (!LEFT_OUT.has(name)) cpSync(join(PROJECT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, ".stack"));
  mkdirSync(SERVERS_FOLDER, { recursive: true });
  symlinkSync(SERVERS_FOLDER, join(folder, ".stack/servers"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
