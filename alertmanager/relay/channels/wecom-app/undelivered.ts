import type { WecomAnswer } from "../wecom-errors.ts";

/** Lists that WeCom adds to errcode 0 (https://developer.work.weixin.qq.com/document/path/90236). */
const LISTS: [field: string, meaning: string][] = [
  ["invaliduser", "成员不存在或不在应用的可见范围"],
  ["invalidparty", "部门不存在或不在应用的可见范围"],
  ["invalidtag", "标签不存在或不在应用的可见范围"],
  ["unlicenseduser", "成员没有接口许可"],
];

/** Whom WeCom will not reach although it took the message. */
export function readUndelivered(answer: WecomAnswer & Record<string, unknown>): { undelivered?: string } {
  const parts = LISTS.flatMap(([field, meaning]) => {
    const names = String(answer[field] ?? "")
      .split("|")
      .filter((name) => name !== "");
    return names.length > 0 ? [`${meaning}：${names.join("、")}`] : [];
  });
  return parts.length > 0 ? { undelivered: parts.join("；") } : {};
}
