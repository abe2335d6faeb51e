// Before npm packs: compiles the client, as Node strips no types in a package that is installed, and trims package.json.
// Started with --after when npm has packed: puts package.json back.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { restoreManifest, trimManifest } from "./manifest.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (process.argv.includes("--after")) {
  if (!restoreManifest(root)) fail("package.json was changed while it was being packed: run npm pack again");
} else {
  // What an earlier version left there would be packed too.
  rmSync(join(root, "client/dist"), { recursive: true, force: true });
  const options = { cwd: root, stdio: "inherit", shell: process.platform === "win32" };
  const { status, error } = spawnSync("tsc", ["-p", "client/tsconfig.json"], options);
  if (status !== 0) fail(`the client cannot be compiled${error ? `: ${error.message}` : ""}`);
  // Last, so that nothing can fail between this and the packing.
  trimManifest(root);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
