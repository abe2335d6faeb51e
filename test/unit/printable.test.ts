import assert from "node:assert/strict";
import { test } from "node:test";
import { print } from "../../scripts/doctor/print.ts";
import { oneLine, printable } from "../../scripts/stack/printable.ts";

const HOSTILE = "\u001b[2J\u001b]0;title\u0007all well\u009b1m\u202egnorw\r";

test("a terminal is told nothing by what it shows", () => {
  assert.equal(printable(`${HOSTILE}\n下一行`), " [2J ]0;title all well 1m gnorw \n下一行");
  assert.equal(oneLine(`一行\n${HOSTILE}`), "一行 [2J ]0;title all well 1m gnorw ");
});

test("what the doctor found is shown so, whoever wrote it", () => {
  const finding = { level: "hint", what: HOSTILE, why: HOSTILE, remedy: HOSTILE } as const;
  const text = print([{ check: "silences", title: "静默", question: "notifying", ...finding }]);
  assert.doesNotMatch(text, /[^\P{C}\n]/u);
});
