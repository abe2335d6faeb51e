import { existsSync } from "node:fs";
import { join } from "node:path";
import { unpackPackage } from "../../scripts/stack/debian.ts";
import { PROJECT } from "../../scripts/stack/project.ts";

/**
 * A program that tests and benchmarks compare with, from Debian's package: fetched once, not installed.
 * @param path of the program in the package, for example "usr/bin/jq"
 * @returns where it is
 * @throws where there is no apt, or no such package or program
 */
export async function debianProgram(name: string, path: string): Promise<string> {
  const folder = join(PROJECT, ".stack/packages", name);
  const program = join(folder, path);
  if (!existsSync(program)) await unpackPackage(name, folder);
  if (!existsSync(program)) throw new Error(`Debian's package ${name} has no ${path}`);
  return program;
}
