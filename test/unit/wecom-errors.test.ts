import assert from "node:assert/strict";
import { test } from "node:test";
import { classifyAnswer } from "../../alertmanager/relay/channels/wecom-errors.ts";

// The other codes: channels-conformance.test.ts.

test("0 is sent, whatever the text says", () => {
  assert.deepEqual(classifyAnswer({ errcode: 0, errmsg: "invalid" }, 0), { kind: "sent" });
});

for (const errcode of [42001, 40014, 41001]) {
  test(`${errcode} wants a new token: once more`, () => {
    const detail = `errcode ${errcode}：words`;
    const expected = { kind: "retry", reason: "setup", detail, tries: 2 };
    assert.deepEqual(classifyAnswer({ errcode, errmsg: "words" }, 0), expected);
  });
}
