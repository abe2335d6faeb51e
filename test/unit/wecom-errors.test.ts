import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../alertmanager/relay/channels/channel.ts";
import { classifyAnswer } from "../../alertmanager/relay/channels/wecom-errors.ts";
import { fakeClock } from "./support/clock.ts";

const NOW = fakeClock().now();

const classify = (errcode: number) => classifyAnswer({ errcode, errmsg: "words" }, NOW);

test("0 is sent, whatever the text says", () => {
  assert.deepEqual(classifyAnswer({ errcode: 0, errmsg: "invalid" }, NOW), { kind: "sent" });
});

const RETRIED: [code: number, then: Partial<Outcome>][] = [
  [-1, { reason: "busy", tries: 3 }],
  [45009, { reason: "rate_limited", until: NOW + 60_000 }],
  [45033, { reason: "rate_limited" }],
];

for (const [code, then] of RETRIED) {
  test(`${code} is tried again`, () => {
    assert.deepEqual(classify(code), { kind: "retry", detail: `errcode ${code}：words`, ...then });
  });
}

const FINAL: Record<string, number[]> = {
  content: [40008, 40058, 40063, 44004, 45002, 45008, 45034],
  setup: [40001, 40013, 40056, 48002, 50003, 60020, 301002, 93000, 93004, 93008],
  receiver: [40003, 60111, 81013, 82001],
  unknown: [99999],
};

for (const [reason, codes] of Object.entries(FINAL)) {
  test(`${codes.join(", ")}: final, by ${reason}`, () => {
    for (const code of codes)
      assert.deepEqual(classify(code), { kind: "failed", reason, detail: `errcode ${code}：words` });
  });
}
