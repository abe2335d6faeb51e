import assert from "node:assert/strict";
import { test } from "node:test";
import { print } from "../../scripts/doctor/print.ts";
import { oneLine, printable } from "../../scripts/stack/printable.ts";
import { createReport } from "../../scripts/stack/report.ts";

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

test("what a command tells of its work is shown so, on a terminal but for what clears its own line", () => {
  for (const isTTY of [false, true]) {
    let text = "";
    const report = createReport({
      isTTY,
      write: (piece) => {
        text += piece;
        return true;
      },
    });
    report.line(`   备份（程序 ${HOSTILE}）\n下一行`);
    report.warn(HOSTILE);
    const steps = [report.begin(HOSTILE), report.begin("核对备份")];
    for (const step of steps) step.progress(`${HOSTILE}\nx`);
    for (const step of steps) step.fail(HOSTILE);
    assert.match(text, /^ {3}备份（程序 {2}\[2J \]0;title all well 1m gnorw ）\n下一行\n⚠️ {2} /);
    assert.doesNotMatch(text.replaceAll("\r\x1b[2K", ""), /[^\P{C}\n]/u);
  }
});
