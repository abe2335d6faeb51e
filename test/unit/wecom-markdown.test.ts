import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Alert } from "../../alertmanager/relay/alert.ts";
import { renderAlerts } from "../../alertmanager/relay/channels/wecom-markdown.ts";
import { createWording } from "../../alertmanager/relay/wording.ts";

const WORDING = createWording({
  timezone: "Asia/Shanghai",
  alertmanagerUrl: "http://localhost:9093",
  exporterUrl: "http://localhost:8001",
});
/** As for a robot. */
const MARKDOWN_LIMIT = 4096;
const START = Date.parse("2026-02-12T13:46:44Z");

function alertOf(changes: Partial<Alert>): Alert {
  return {
    fingerprint: "a",
    status: "firing",
    labels: { alertname: "A", severity: "critical" },
    annotations: {},
    startsAt: START,
    endsAt: undefined,
    generatorUrl: "http://localhost:9090/graph",
    ...changes,
  };
}

const render = (...alerts: Alert[]) => renderAlerts(alerts, WORDING, MARKDOWN_LIMIT);

test("a long text is cut between characters, and what comes after it is still told", () => {
  // Two to four bytes a character, the cut at each of their bytes.
  const characters = ["é", "律", "⚖️", "😀"].map((character) => character.repeat(4000));
  for (const text of ["", "a", "aa", "aaa"].flatMap((start) => characters.map((rest) => start + rest))) {
    const { content } = render(alertOf({ annotations: { summary: text, description: text } }));
    assert.ok(Buffer.byteLength(content) <= MARKDOWN_LIMIT);
    assert.ok(content.isWellFormed());
    assert.equal(content.match(/…/g)?.length, 2);
    assert.match(content, /时间：2026-02-12 21:46:44\n/);
    assert.match(content, /\[静默\]\(http.*\)$/);
  }
});

test("a text that just fits is not cut", () => {
  const description = "律".repeat(300);
  assert.ok(render(alertOf({ annotations: { description } })).content.includes(`说明：${description}\n`));
  const longer = render(alertOf({ annotations: { description: `${description}师` } })).content;
  assert.ok(longer.includes(`说明：${"律".repeat(299)}…\n`));
});

test("WeCom's markup in a text is shown, not obeyed", () => {
  const text = "</font><@all> [点我](http://evil) `code` **粗** # > \\ \n> 恢复时间：伪造";
  const { content } = render(alertOf({ annotations: { description: text } }));
  const [line = ""] = content.split("\n").filter((candidate) => candidate.includes("说明"));
  assert.equal(
    line,
    "> 说明：＜/font＞＜@all＞ ［点我］(http://evil) ｀code｀ ＊＊粗＊＊ ＃ ＞ ＼ ＞ 恢复时间：伪造",
  );
});

test("a link is whole or absent, and only the web is linked to", () => {
  const links = (dashboard_url: string) => render(alertOf({ annotations: { dashboard_url } })).content;
  assert.match(links("https://example.com/d/(a) b"), /\[仪表盘\]\(https:\/\/example\.com\/d\/%28a%29%20b\)/);
  assert.doesNotMatch(links("javascript:alert(1)"), /仪表盘/);
  const whole = "a".repeat(2500);
  assert.ok(links(`https://example.com/${whole}`).includes(`[仪表盘](https://example.com/${whole})`));
  assert.doesNotMatch(links(`https://example.com/${"a".repeat(4000)}`), /仪表盘|aaa/);
});

test("a link that just does not fit is absent, one that does is there", () => {
  for (const limit of [4096, 2048]) {
    const contents = Array.from({ length: 400 }, (_, spare) => {
      const dashboard_url = `https://example.com/${"a".repeat(limit - 500 + spare)}`;
      return renderAlerts([alertOf({ annotations: { dashboard_url } })], WORDING, limit).content;
    });
    for (const content of contents) assert.ok(Buffer.byteLength(content) <= limit);
    const longest = contents.filter((content) => content.includes("仪表盘")).at(-1) ?? "";
    assert.equal(Buffer.byteLength(longest), limit);
  }
});

test("as many alerts as fit go into one message, the rest is left for the next", () => {
  const alerts = Array.from({ length: 50 }, (_, index) =>
    alertOf({ annotations: { summary: `第 ${index} 条`, description: "说".repeat(50) } }),
  );
  const { content, covers } = render(...alerts);
  assert.ok(covers > 1 && covers < 50, `${covers}`);
  assert.ok(Buffer.byteLength(content) <= MARKDOWN_LIMIT);
  assert.ok(content.includes(`第 ${covers - 1} 条`) && !content.includes(`第 ${covers} 条`));
  assert.equal(render(...alerts.slice(0, covers)).content, content);
});

test("whatever the alerts say, a message keeps to the limit, is well formed, and tells at least one", () => {
  const text = fc.string({ unit: fc.constantFrom("律", "👩‍⚖️", "a", "<", "\n", "`"), maxLength: 3000 });
  const texts = (...keys: string[]) =>
    fc.record(Object.fromEntries(keys.map((key) => [key, text])), { requiredKeys: [] });
  const alert = fc
    .record({
      status: fc.constantFrom("firing" as const, "resolved" as const),
      labels: texts("service", "mountpoint", "instance", "severity") as fc.Arbitrary<Record<string, string>>,
      annotations: texts("summary", "description") as fc.Arbitrary<Record<string, string>>,
    })
    .map((changes) =>
      alertOf({ ...changes, endsAt: changes.status === "resolved" ? START + 90_061_000 : undefined }),
    );
  fc.assert(
    fc.property(fc.array(alert, { minLength: 1, maxLength: 5 }), (alerts) => {
      const { content, covers } = render(...alerts);
      assert.ok(Buffer.byteLength(content) <= MARKDOWN_LIMIT, `${Buffer.byteLength(content)} bytes`);
      assert.ok(content.isWellFormed());
      assert.ok(covers >= 1 && covers <= alerts.length);
    }),
    { numRuns: 200 },
  );
});
