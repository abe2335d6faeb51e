/** As much of package-lock.json as is needed here. */
export interface Lock {
  packages: Record<
    string,
    { version?: string; license?: string; integrity?: string; dev?: boolean; optional?: boolean }
  >;
}

/** Those that ask for no more than their text to be kept. */
const ALLOWED = ["MIT", "MIT-0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "Zlib", "0BSD"];
/** Of files that nobody is handed: what tests use is not passed on. */
const ALLOWED_IN_TESTS = [...ALLOWED, "MPL-2.0"];

/**
 * What is wrong with the packages of a lock file, a line each: a licence that is not on the list, or nothing that the
 * package could be held to.
 * @param licenceOf what an installed package says itself; undefined for one that is for another system
 */
export function findProblems(lock: Lock, licenceOf: (path: string) => string | undefined): string[] {
  return Object.entries(lock.packages).flatMap(([path, { license, integrity, dev, optional }]) => {
    if (path === "") return [];
    const installed = licenceOf(path);
    if (installed === undefined && !optional) return [`${path}: not installed`];
    if (integrity === undefined) return [`${path}: no checksum in the lock file`];
    const licence = installed ?? license ?? "none";
    return isAllowed(licence, dev ? ALLOWED_IN_TESTS : ALLOWED) ? [] : [`${path}: licence ${licence}`];
  });
}

/** An SPDX expression, of OR over AND, as packages write them (https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/). */
function isAllowed(expression: string, allowed: string[]): boolean {
  const choices = expression.replace(/^\((.*)\)$/, "$1").split(" OR ");
  return choices.some((choice) => choice.split(" AND ").every((licence) => allowed.includes(licence)));
}
