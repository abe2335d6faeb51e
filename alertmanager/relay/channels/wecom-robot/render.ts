import type { Alert } from "../../alert.ts";
import { isDoubtful } from "../../doubt.ts";
import type { Wording } from "../../wording.ts";
import type { Message } from "../channel.ts";

/** Bytes of UTF-8 (https://developer.work.weixin.qq.com/document/path/91770). */
export const MARKDOWN_LIMIT = 4096;

/** So that one alert, with its links, always fits. */
const MAX_FACT_BYTES = 900;
const MAX_TITLE_BYTES = 300;

/** Markdown with as many of the alerts as fit into one message. */
export function renderAlerts(alerts: Alert[], wording: Wording, limit = MARKDOWN_LIMIT): Message<string> {
  let content = "";
  let covers = 0;
  for (const alert of alerts) {
    const longer =
      content === ""
        ? renderAlert(alert, wording, limit)
        : `${content}\n\n${renderAlert(alert, wording, limit)}`;
    if (covers > 0 && Buffer.byteLength(longer) > limit) break;
    content = longer;
    covers += 1;
  }
  return { content, covers };
}

function renderAlert(alert: Alert, wording: Wording, limit: number): string {
  const [icon, color] = look(alert);
  const title = cut(escapeMarkdown(wording.title(alert)), MAX_TITLE_BYTES);
  const facts = wording
    .facts(alert)
    .map(([name, value]) => `> ${name}：${cut(escapeMarkdown(value), MAX_FACT_BYTES)}`);
  const head = `${icon} <font color="${color}">**${wording.heading(alert)}**</font> **${title}**`;
  const lines = [head, ...facts];
  // A link is whole or absent: cut in the middle it would lead nowhere.
  const links = wording.links(alert).map(([name, url]) => `[${name}](${escapeUrl(url)})`);
  while (links.length > 0 && Buffer.byteLength([...lines, links.join("　")].join("\n")) > limit - 2)
    links.pop();
  return [...lines, ...(links.length > 0 ? [`> ${links.join("　")}`] : [])].join("\n");
}

export function look(alert: Alert): [icon: string, color: string] {
  if (alert.status === "firing") return ["🔴", "warning"];
  return isDoubtful(alert) ? ["❔", "comment"] : ["✅", "info"];
}

export function renderTest(at: string): string {
  return `🔔 **测试消息**\n> 看到这条消息，说明企业微信告警渠道可以使用。\n> 发送时间：${at}`;
}

/** WeCom's markdown knows no escape, so its signs become their full-width twins; a line break becomes a space. */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/[<>[\]*`#\\]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0))
    .replaceAll(/\s+/g, " ");
}

/** Brackets would end the link early. */
export function escapeUrl(url: string): string {
  return url.replaceAll(/[()\s<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Shortens between characters, never inside one. */
export function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > bytes - Buffer.byteLength("…")) break;
    kept += character;
  }
  return `${kept}…`;
}
