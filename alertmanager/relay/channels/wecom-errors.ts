import type { FailureReason, Outcome } from "./channel.ts";

/** WeCom's own answer; 0 is success (https://developer.work.weixin.qq.com/document/path/90313). */
export interface WecomAnswer {
  errcode: number;
  errmsg: string;
}

/** Milliseconds to wait once WeCom says that there were too many. */
const FREQUENCY_WAIT = 60_000;
const BUSY_TRIES = 3;
/** Once more, with a new token. */
const TOKEN_TRIES = 2;

/** The access token is missing, invalid or has expired. */
const TOKEN_CODES = [41001, 40014, 42001];

const FINAL: [FailureReason, number[]][] = [
  ["content", [40008, 40058, 40063, 44004, 45002, 45008, 45034]],
  ["setup", [40001, 40013, 40056, 48002, 50003, 60020, 301002, 93000, 93004, 93008]],
  ["receiver", [40003, 60111, 81013, 82001]],
];

/** What to do with an answer. Only the code counts: the text changes. @param now milliseconds since the epoch */
export function classifyAnswer({ errcode, errmsg }: WecomAnswer, now: number): Outcome {
  if (errcode === 0) return { kind: "sent" };
  const detail = `errcode ${errcode}：${errmsg}`;
  if (errcode === -1) return { kind: "retry", reason: "busy", detail, tries: BUSY_TRIES };
  if (errcode === 45009)
    return { kind: "retry", reason: "rate_limited", detail, until: now + FREQUENCY_WAIT };
  if (errcode === 45033) return { kind: "retry", reason: "rate_limited", detail };
  if (wantsNewToken(errcode)) return { kind: "retry", reason: "setup", detail, tries: TOKEN_TRIES };
  const reason = FINAL.find(([, codes]) => codes.includes(errcode))?.[0] ?? "unknown";
  return { kind: "failed", reason, detail };
}

export function wantsNewToken(errcode: number): boolean {
  return TOKEN_CODES.includes(errcode);
}
