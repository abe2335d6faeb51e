import { type Html, html } from "../../service/html.ts";

/**
 * Renders what the runbooks are written in: headings, paragraphs, lists of one level, code indented by four, and inside
 * a line `code` and **bold**. Anything else stays as it is written.
 */
export function renderMarkdown(text: string): Html {
  const blocks = text
    .replaceAll(/^\n+|\n+$/g, "")
    .split(/\n{2,}/)
    .map((block) => block.split("\n"));
  return html`${joinCode(blocks).map(renderBlock)}`;
}

const CODE = /^ {4}/;

/** Code with an empty line in it is one piece. */
function joinCode(blocks: string[][]): string[][] {
  const joined: string[][] = [];
  for (const lines of blocks) {
    const last = joined.at(-1);
    if (last?.every(isCode) && lines.every(isCode)) last.push("    ", ...lines);
    else joined.push([...lines]);
  }
  return joined;
}

function isCode(line: string): boolean {
  return CODE.test(line);
}

function renderBlock(lines: string[]): Html {
  const [first = ""] = lines;
  const [, marks, heading = ""] = /^(#{1,3}) (.*)/.exec(first) ?? [];
  if (marks !== undefined) {
    const rest = lines.slice(1);
    return html`${renderHeading(marks.length, heading)}${rest.length > 0 && renderBlock(rest)}`;
  }
  if (lines.every(isCode)) {
    const code = lines.map((line) => line.replace(CODE, "")).join("\n");
    // Long commands scroll sideways, by keyboard too.
    return html`<pre tabindex="0"><code>${code}</code></pre>`;
  }
  const list = lines.findIndex((line) => line.startsWith("- "));
  if (list === 0) return html`<ul>${toItems(lines).map((item) => html`<li>${renderInline(item)}</li>`)}</ul>`;
  if (list > 0) return html`${renderBlock(lines.slice(0, list))}${renderBlock(lines.slice(list))}`;
  return html`<p>${renderInline(joinLines(lines))}</p>`;
}

function renderHeading(level: number, text: string): Html {
  if (level === 1) return html`<h1>${renderInline(text)}</h1>`;
  return level === 2 ? html`<h2>${renderInline(text)}</h2>` : html`<h3>${renderInline(text)}</h3>`;
}

/** A line that begins no item goes on with the last one. */
function toItems(lines: string[]): string[] {
  const items: string[][] = [];
  for (const line of lines) {
    if (line.startsWith("- ")) items.push([line.slice(2)]);
    else items.at(-1)?.push(line.trim());
  }
  return items.map(joinLines);
}

const PUNCTUATION = "，。：；、（）“”";

/** A line that ends a sentence stays one. Other breaks are a blank, but between Chinese characters, and beside their punctuation. */
function joinLines(lines: string[]): string {
  return lines.reduce((text, line) => {
    const [before = "", after = ""] = [text.at(-1), line.at(0)];
    if (before === "。") return `${text}\n${line}`;
    const isLatin = before < "\u2000" || after < "\u2000";
    const needsBlank = isLatin && !PUNCTUATION.includes(before) && !PUNCTUATION.includes(after);
    return needsBlank ? `${text} ${line}` : text + line;
  });
}

function renderInline(text: string): Html[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((piece) => {
    if (/^`.+`$/.test(piece)) return html`<code>${piece.slice(1, -1)}</code>`;
    return /^\*\*.+\*\*$/.test(piece) ? html`<strong>${piece.slice(2, -2)}</strong>` : html`${piece}`;
  });
}
