import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Html, html } from "../../service/html.ts";
import { document } from "./document.ts";
import { renderMarkdown } from "./markdown.ts";

const FOLDER = join(import.meta.dirname, "../../docs/runbooks");

/** What to do about each alert: Markdown, by the alert's name. */
export type Runbooks = ReadonlyMap<string, string>;

export function readRunbooks(): Runbooks {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".md"));
  return new Map(files.map((file) => [file.slice(0, -3), readFileSync(join(FOLDER, file), "utf8")]));
}

/** The section that says how to deal with it; undefined where there is none. */
export function remedyOf(alert: string | undefined, runbooks: Runbooks): Html | undefined {
  const [, section] =
    /^## 怎么处理\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(runbooks.get(alert ?? "") ?? "") ?? [];
  return section === undefined ? undefined : renderMarkdown(section);
}

/** @param markdown one of the runbooks */
export function runbookPage(markdown: string): string {
  const title = /^# (.*)/.exec(markdown)?.[1] ?? "处理手册";
  const body = html`
    <header class="top"><a href="../">← 返回系统监控</a></header>
    <main class="runbook">${renderMarkdown(markdown)}</main>`;
  return document({ title, body, root: "../", scripts: false });
}
