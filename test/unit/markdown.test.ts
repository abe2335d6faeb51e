import assert from "node:assert/strict";
import { test } from "node:test";
import { renderMarkdown } from "../../exporter/page/markdown.ts";
import { readRunbooks, remedyOf } from "../../exporter/page/runbooks.ts";

const CASES: [name: string, markdown: string, markup: string][] = [
  ["headings", "# 甲\n\n## 乙\n丙", "<h1>甲</h1><h2>乙</h2><p>丙</p>"],
  ["a sentence a line", "第一句。\n第二\n句，见\nlog 里", "<p>第一句。\n第二句，见 log 里</p>"],
  [
    "code with an empty line in it",
    "    a <b>\n\n      c",
    '<pre tabindex="0"><code>a &#60;b&#62;\n\n  c</code></pre>',
  ],
  [
    "a list below a line, an item of two lines",
    "做：\n- 一\n  二\n- `x`",
    "<p>做：</p><ul><li>一二</li><li><code>x</code></li></ul>",
  ],
  [
    "bold, and markup that is none",
    "**不** <b>*a*</b> `**`",
    "<p><strong>不</strong> &#60;b&#62;*a*&#60;/b&#62; <code>**</code></p>",
  ],
];

for (const [name, markdown, markup] of CASES) {
  test(name, () => assert.equal(renderMarkdown(markdown).markup, markup));
}

test("of no runbook is anything left that a browser would show as it is written", () => {
  const runbooks = readRunbooks();
  assert.ok(runbooks.size > 10);
  for (const [name, markdown] of runbooks) {
    const prose = renderMarkdown(markdown).markup.replaceAll(/<(pre|code)\b.*?<\/\1>/gs, "");
    assert.doesNotMatch(prose, /`|\*\*|(^|>)\s*(#|- |\d+\. |&#62; |\|)|\]\(/m, name);
    assert.ok(remedyOf(name, runbooks), name);
  }
});

test("no remedy for what has no runbook", () => {
  assert.equal(remedyOf("toString", readRunbooks()), undefined);
});
