// package.json while the client is packed. npm packs the file as it is, and has no way to leave the dependencies out;
// but with them a consumer would install the whole exporter, and get another `node` in every `npm run`. So it is
// trimmed for the moment of packing. Plain JavaScript, for any Node from 20 on.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const DEPENDENCIES = ["dependencies", "devDependencies", "optionalDependencies"];

/**
 * Takes the dependencies out of package.json. The original is kept first: whenever this ends, by kill or power cut
 * too, the next npm command here puts it back. The scripts stay, as they are what does that; none of them is one that
 * npm runs in a package that somebody installs.
 * @param root {string} the project's folder
 */
export function trimManifest(root) {
  const { manifest, kept } = paths(root);
  mkdirSync(dirname(kept), { recursive: true });
  const original = readFileSync(manifest, "utf8");
  replace(kept, original);
  replace(manifest, trim(original));
}

/**
 * Puts the original back, unless package.json was changed by somebody else since.
 * @param root {string} the project's folder
 * @returns {boolean} whether there was one to put back
 */
export function restoreManifest(root) {
  const { manifest, kept } = paths(root);
  if (!existsSync(kept)) return false;
  const original = readFileSync(kept, "utf8");
  const trimmed = readFileSync(manifest, "utf8") === trim(original);
  if (trimmed) replace(manifest, original);
  rmSync(kept);
  return trimmed;
}

function paths(root) {
  return { manifest: join(root, "package.json"), kept: join(root, ".stack/package.json.kept") };
}

function trim(text) {
  const entries = Object.entries(JSON.parse(text)).filter(([key]) => !DEPENDENCIES.includes(key));
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/** Never half written. */
function replace(file, text) {
  writeFileSync(`${file}.new`, text, { flush: true });
  renameSync(`${file}.new`, file);
}
