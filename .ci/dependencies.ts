import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../scripts/stack/project.ts";
import { findProblems, type Lock } from "./licences.ts";

const lock = JSON.parse(readFileSync(join(PROJECT, "package-lock.json"), "utf8")) as Lock;

const problems = findProblems(lock, (path) => {
  const file = join(PROJECT, path, "package.json");
  return existsSync(file) ? String(JSON.parse(readFileSync(file, "utf8")).license) : undefined;
});
for (const problem of problems) console.error(problem);
const count = Object.keys(lock.packages).length - 1;
console.log(`licences: ${count} packages, ${problems.length} not as they should be`);
if (problems.length > 0 || isVulnerable()) process.exitCode = 1;

/** Known weaknesses in what the lock file names, by the registry's own list. */
function isVulnerable(): boolean {
  const { stdout } = spawnSync("npm", ["audit", "--json"], {
    cwd: PROJECT,
    encoding: "utf8",
    timeout: 60_000,
  });
  const { message, vulnerabilities = {} } = parse(stdout);
  if (message !== undefined) {
    console.log(`audit: SKIPPED, the registry does not tell: ${message.replace(/https?:\S+/, "…")}`);
    return false;
  }
  const found = Object.entries(vulnerabilities);
  for (const [name, { severity, range }] of found) console.error(`${name} ${range}: ${severity}`);
  console.log(`audit: ${found.length} packages with known weaknesses`);
  return found.length > 0;
}

interface Audit {
  message?: string;
  vulnerabilities?: Record<string, { severity: string; range: string }>;
}

function parse(stdout: string | null): Audit {
  try {
    return JSON.parse(stdout ?? "");
  } catch {
    return { message: "npm audit gave no answer" };
  }
}
