import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FIXTURES = join(import.meta.dirname, "../../fixtures");

/** The place of a file under test/fixtures. */
export function fixturePath(name: string): string {
  return join(FIXTURES, name);
}

export function readFixture(name: string): string {
  return readFileSync(fixturePath(name), "utf8");
}

/** Compares a whole text with a file under test/fixtures; UPDATE_GOLDEN=1 writes the file instead. */
export function matchGolden(name: string, actual: string): void {
  const file = fixturePath(name);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
  }
  assert.equal(actual, existsSync(file) ? readFileSync(file, "utf8") : undefined);
}
