import { chmodSync, chownSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./sync.ts";

/**
 * Writes a file anew in one step, so that nobody reads half of it and a power cut leaves the old or the new.
 * @param mode whatever the umask
 * @param model the file whose owner it gets, where root works for another; undefined for one's own
 */
export function replaceFile(
  path: string,
  text: string,
  { mode, model }: { mode: number; model: string | undefined },
): void {
  const fresh = `${path}.tmp`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, text, { mode: 0o600, flush: true });
  chmodSync(fresh, mode);
  if (model !== undefined && process.getuid?.() === 0) {
    const { uid, gid } = statSync(model);
    chownSync(fresh, uid, gid);
  }
  renameSync(fresh, path);
  syncFolder(dirname(path));
}
