import assert from "node:assert/strict";
import { test } from "node:test";
import { findProblems, type Lock } from "../../.ci/licences.ts";

/** One package. @returns what is wrong with it */
function check(licence: string | undefined, more: Lock["packages"][string] = {}): string[] {
  const lock = { packages: { "": {}, a: { integrity: "sha512-x", ...more } } };
  return findProblems(lock, () => licence);
}

test("a licence is allowed by name, one of several is enough, of all together each is needed", () => {
  for (const licence of ["MIT", "(MIT AND Zlib)", "(MIT OR EUPL-1.1+)", "GPL-3.0-only OR Apache-2.0"])
    assert.deepEqual(check(licence), [], licence);
  for (const licence of ["GPL-3.0-only", "(MIT AND GPL-2.0-only)", "SEE LICENSE IN LICENSE", "undefined", ""])
    assert.deepEqual(check(licence), [`a: licence ${licence}`]);
});

test("what only tests use may be under the MPL, what is shipped may not", () => {
  assert.deepEqual(check("MPL-2.0", { dev: true }), []);
  assert.deepEqual(check("MPL-2.0"), ["a: licence MPL-2.0"]);
});

test("a package for another system is known by the lock file, one that should be here is missed", () => {
  assert.deepEqual(check(undefined, { optional: true, license: "MIT" }), []);
  assert.deepEqual(check(undefined, { optional: true, license: "GPL-3.0-only" }), [
    "a: licence GPL-3.0-only",
  ]);
  assert.deepEqual(check(undefined, { license: "MIT" }), ["a: not installed"]);
});

test("a package without a checksum could be any", () => {
  const lock = { packages: { a: { license: "MIT" } } };
  assert.deepEqual(
    findProblems(lock, () => "MIT"),
    ["a: no checksum in the lock file"],
  );
});
