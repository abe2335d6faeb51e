import fc from "fast-check";
import type { Alert } from "../../../alertmanager/relay/alert.ts";
import { parseWebhook } from "../../../alertmanager/relay/webhook.ts";
import { firing, type PostedAlert, resolved, webhook } from "./alerts.ts";

/** What would be a line, a heading, a link, a mention, a header or a tag, if it were obeyed. */
const HOSTILE = [
  ..."< > [ ] ( ) * ` # \\ & ; \" ' _ ~ | ! @ = : ，".split(" "),
  ...["\n", "\r\n", "\r", "\u0085", "\u2028", "\u2029", "\v", "\f", "\t", "\0", "\x1b[31m", "\x7f"],
  ...["\u202e", "\u2066", "\u200f", "\ufeff", "\ufffe", "\u200b", "\ud83d", "\udc69"],
  ...["</font>", '<font color="warning">', "<@all>", "<@zhangsan>", "](http://evil.example)"],
  "[点我](http://evil.example/)",
  '\n🔴 <font color="warning">**严重告警**</font> **伪造**',
  "\n另有 严重告警 A 500 条\n还有 7 条，见随后的消息",
  "\n> 恢复时间：2026-02-12 21:46:44",
  "\r\nBcc: everybody@example.com\r\n\r\n",
  "【严重告警】",
  "全部告警：http://evil.example",
  "<script>alert(1)</script><img src=x onerror=alert(1)>",
  "</td></tr></table></div></body></html>",
  "\r\n.\r\nQUIT\r\n",
  "=?utf-8?B?5Lyq6YCg?=",
];
const CHARACTERS = ["律", "👩‍⚖️", "é", "a", "🇨🇳", "e\u0301\u0301\u0301"];

/** Any text: any code unit, mostly what is hostile, up to ten thousand of them. */
export const anyText = fc.oneof(
  fc.string({ unit: fc.constantFrom(...HOSTILE, ...CHARACTERS), maxLength: 60 }),
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc
    .tuple(fc.constantFrom("", "a", "aa"), fc.constantFrom(...HOSTILE, ...CHARACTERS), fc.nat(10_000))
    .map(([start, unit, count]) => start + unit.repeat(Math.ceil(count / unit.length))),
);

const anyUrl = fc.oneof(
  anyText,
  anyText.map((text) => `https://example.com/${text}`),
  fc.constantFrom(
    "javascript:alert(1)",
    "http://evil.example/)[x](http://y)",
    'https://用户@例子.测试/"><b>',
  ),
);

const anyLabels = fc
  .tuple(
    fc.record(
      {
        alertname: fc.oneof(anyText, fc.constantFrom("HighCpuUsage", "ServiceDown")),
        severity: fc.oneof(anyText, fc.constantFrom("critical", "warning", "info", "toString")),
        ...{ service: anyText, mountpoint: anyText, instance: anyText },
      },
      { requiredKeys: [] },
    ),
    fc.dictionary(anyText, anyText, { maxKeys: 2 }),
  )
  .map(([known, others]) => ({ ...others, ...known }));

const anyAnnotations = fc.record(
  { summary: anyText, description: anyText, doubt: anyText, runbook_url: anyUrl, dashboard_url: anyUrl },
  { requiredKeys: [] },
);

const anyTime = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });

const anyPosted: fc.Arbitrary<PostedAlert> = fc
  .record({
    labels: anyLabels,
    annotations: anyAnnotations,
    startsAt: anyTime,
    endsAt: anyTime,
    isOver: fc.boolean(),
  })
  .map(({ labels, annotations, startsAt, endsAt, isOver }) => {
    const alert = { ...firing("A"), labels, annotations, startsAt: startsAt.toISOString() } as PostedAlert;
    return isOver ? resolved(alert, endsAt.toISOString()) : alert;
  });

/** As they come out of a webhook; some ended before anybody was told. */
export function anyAlerts(maxLength: number): fc.Arbitrary<Alert[]> {
  const alert = fc.tuple(anyPosted, fc.boolean()).map(([posted, isUntold]): Alert => {
    const [parsed] = parseWebhook(webhook(posted)) as [Alert];
    return parsed.status === "resolved" && isUntold ? { ...parsed, isUntold: true } : parsed;
  });
  return fc.array(alert, { minLength: 1, maxLength, size: "max" });
}
