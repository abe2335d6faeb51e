import { type DigestLine, layoutDigest } from "../digest.ts";
import type { Wording } from "../wording.ts";
import type { Digest, Message } from "./channel.ts";
import { cut, escapeMarkdown, escapeUrl, look } from "./wecom-markdown.ts";

/** Bytes of UTF-8: one line must never be the whole message. */
const MAX_LINE_BYTES = 240;
/** Bytes for the numbers of what is not named: nine lines. */
const RESERVE = 900;

/** @param limit bytes of UTF-8 */
export function renderDigest(digest: Digest, wording: Wording, limit: number): Message<string> {
  const size = (line: DigestLine) => Buffer.byteLength(renderLine(line)) + 1;
  const { lines, covers } = layoutDigest(digest, wording, { limit, reserve: RESERVE, size });
  return { content: lines.map(renderLine).join("\n"), covers };
}

function renderLine(line: DigestLine): string {
  const text = cut(escapeMarkdown(line.text), MAX_LINE_BYTES);
  switch (line.kind) {
    case "title":
      return `**${text}**`;
    case "section": {
      const [icon, color] = look(line.alert);
      return `${icon} <font color="${color}">**${text}**</font>`;
    }
    case "alert":
      return `> ${text}`;
    case "count":
      return text;
    case "link":
      return `[${text}](${escapeUrl(line.url)})`;
  }
}
