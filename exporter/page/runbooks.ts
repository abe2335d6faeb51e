import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Html, html } from "../../service/html.ts";
import { document } from "./document.ts";
import { renderMarkdown } from "./markdown.ts";

const FOLDER = join(import.meta.dirname, "../../docs/runbooks");

/** What to do about each alert: Markdown, by the alert's name. */
export type Runbooks = ReadonlyMap<string, string>;

export function readRunbooks(): Runbooks {
  const files = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".md"))
    .sort();
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
  return page(titleOf(markdown), renderMarkdown(markdown));
}

/** For an alert that there is none about: one of the operator's own rules, or a row that is no alert. */
export function missingRunbookPage(alert: string, runbooks: Runbooks): string {
  const title = "没有这一篇处理手册";
  const body = html`
    <h1>${title}</h1>
    <p>没有名为“${alert}”的处理手册。自己加的告警规则没有随附的手册：看告警消息里的说明，或者问加规则的人。</p>
    <h2>有的处理手册</h2>
    <ul>${[...runbooks].map(([name, markdown]) => html`<li><a href="${name}">${titleOf(markdown)}</a></li>`)}</ul>`;
  return page(title, body);
}

function titleOf(markdown: string): string {
  return /^# (.*)/.exec(markdown)?.[1] ?? "处理手册";
}

function page(title: string, content: Html): string {
  const body = html`
    <header class="top"><a href="../">← 返回系统监控</a></header>
    <main class="runbook">${content}</main>`;
  return document({ title, body, root: "../", scripts: false });
}
