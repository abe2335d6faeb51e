import { existsSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Which of the renderings in a folder the servers read. `current` is a link to it. From the moment it is switched until
 * the servers are known to have taken the new one, `previous` links to the one before: where a change was broken off,
 * by a power cut too, that is the last one known to work.
 */
const CURRENT = "current";
const PREVIOUS = "previous";

/** Where the servers and our services read, whichever rendering it is. */
export function currentFolder(out: string): string {
  return join(out, CURRENT);
}

/** @returns the folder of the rendering that can be gone back to, also before anything is switched */
export function lastGood(out: string): string | undefined {
  const hash = linked(out, PREVIOUS) ?? linked(out, CURRENT);
  return hash === undefined ? undefined : join(out, hash);
}

/**
 * Makes a rendering current, in one step: a server never reads half of one.
 * @returns whether this is a change that is still to be confirmed, or gone back on
 */
export function publish(out: string, hash: string): boolean {
  const current = linked(out, CURRENT);
  if (current !== hash) {
    if (current !== undefined && linked(out, PREVIOUS) === undefined) point(out, PREVIOUS, current);
    point(out, CURRENT, hash);
  }
  return linked(out, PREVIOUS) !== undefined;
}

/** What is current is in force: every other rendering can go. */
export function confirm(out: string): void {
  const current = linked(out, CURRENT);
  rmSync(join(out, PREVIOUS), { force: true });
  for (const name of readdirSync(out)) {
    if (name !== current && name !== CURRENT) rmSync(join(out, name), { recursive: true, force: true });
  }
}

/** Makes the one before current again. @returns whether there was one */
export function goBack(out: string): boolean {
  if (linked(out, PREVIOUS) === undefined) return false;
  renameSync(join(out, PREVIOUS), join(out, CURRENT));
  return true;
}

/** The rendering that a link leads to, if it is there. */
function linked(out: string, name: string): string | undefined {
  const link = join(out, name);
  return existsSync(link) ? readlinkSync(link) : undefined;
}

function point(out: string, name: string, hash: string): void {
  const link = join(out, name);
  const fresh = `${link}-${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(hash, fresh);
  renameSync(fresh, link);
}
