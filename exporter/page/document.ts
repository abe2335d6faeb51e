import type { Response } from "express";
import { type Html, html } from "../../service/html.ts";
import { assetUrl, STYLES } from "./assets.ts";

export interface DocumentOptions {
  title: string;
  body: Html;
  /** Leads from the page to the root: addresses are relative, as a proxy may serve it all under a path. */
  root: "" | "../";
  /** Whether it updates itself. */
  scripts: boolean;
}

export function document({ title, body, root, scripts }: DocumentOptions): string {
  const url = (name: string) => root + assetUrl(name);
  return html`<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="${url("icon.svg")}">
${scripts && html`<link rel="stylesheet" href="${url("uplot.css")}">`}
${STYLES.map(
  (name) => html`<link rel="stylesheet" href="${url(name)}">
`,
)}
${
  scripts &&
  html`<noscript><meta http-equiv="refresh" content="30"></noscript>
<script src="${url("uplot.js")}" defer></script>
<script src="${url("page.js")}" type="module"></script>`
}
</head>
<body>
${body}
</body>
</html>
`.markup;
}

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function sendDocument(response: Response, text: string): void {
  response.set({
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
  });
  response.type("html").send(text);
}
