import { describeChanges } from "./changes.ts";
import { type Expected, readExpected } from "./expected.ts";
import { lastGood } from "./publish.ts";

/** What is known of a rendering before it is current; JSON, so that a container can tell it. */
export interface Draft {
  expected: Expected;
  /** For the operator, against the one that is in force. */
  changes: string[];
  /** The one to go back to. */
  good: Expected | undefined;
}

/**
 * Of a rendering that has been checked.
 * @param out where renderings go
 */
export function describeDraft(out: string, folder: string): Draft {
  const good = lastGood(out);
  const expected = readExpected(folder);
  if (good === undefined) return { expected, changes: [], good };
  return { expected, changes: describeChanges(good, folder), good: readExpected(good) };
}

/** @param write a line for the operator */
export function tellChanges(changes: string[], write: (line: string) => void): void {
  if (changes.length > 0) write("改动：");
  for (const change of changes) write(`  • ${change}`);
}
