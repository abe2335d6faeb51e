import { escapeHtml } from "../../../../service/html.ts";
import { type DigestLine, layoutDigest } from "../../digest.ts";
import type { Wording } from "../../wording.ts";
import type { Digest, Message } from "../channel.ts";
import { colorOf, type Mail, oneLine, page } from "./render.ts";

/** A mail of ten thousand lines opens slowly, on a phone not at all. */
const MAX_LINES = 2000;
const RESERVE = 10;
/** In characters. */
const LONGEST_LINE = 300;
/** Tells what an alert says from what the mail says, whatever the alert says. */
const BULLET = "· ";

export function renderDigest(digest: Digest, wording: Wording): Message<Mail> {
  const { lines, covers } = layoutDigest(digest, wording, {
    limit: MAX_LINES,
    reserve: RESERVE,
    size: () => 1,
  });
  const [first] = digest.alerts;
  const severity = first === undefined ? "" : `【${wording.heading(first)}】`;
  const content = {
    subject: oneLine(`${severity}合并通知：共 ${digest.alerts.length} 条告警`),
    text: lines.map(asText).join("\n"),
    html: page(lines.map(asHtml).join("\n")),
  };
  return { content, covers };
}

function asText(line: DigestLine): string {
  const text = oneLine(line.text, LONGEST_LINE);
  if (line.kind === "link") return `\n${text}：${line.url}`;
  if (line.kind === "alert") return BULLET + text;
  return line.kind === "section" ? `\n【${text}】` : text;
}

function asHtml(line: DigestLine): string {
  const text = escapeHtml(oneLine(line.text, LONGEST_LINE));
  switch (line.kind) {
    case "title":
      return `<h2>${text}</h2>`;
    case "section":
      return `<h3 style="color:${colorOf(line.alert)};margin:16px 0 4px">${text}</h3>`;
    case "link":
      return `<p><a href="${escapeHtml(line.url)}">${text}</a></p>`;
    case "alert":
      return `<div>${BULLET}${text}</div>`;
    default:
      return `<div>${text}</div>`;
  }
}
