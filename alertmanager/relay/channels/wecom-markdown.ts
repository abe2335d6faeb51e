import type { Alert } from "../alert.ts";
import { isDoubtful } from "../doubt.ts";
import type { Wording } from "../wording.ts";
import type { Message } from "./channel.ts";

const MAX_TITLE_BYTES = 300;
/** How long each fact may be: the first with which one alert fits into a message. */
const FACT_BYTES = [900, 450, 220, 110, 50];

/** WeCom's markdown, as robots and applications know it, with as many of the alerts as fit. @param limit in bytes */
export function renderAlerts(alerts: Alert[], wording: Wording, limit: number): Message<string> {
  let content = "";
  let covers = 0;
  for (const alert of alerts) {
    const longer =
      content === ""
        ? renderAlert(alert, wording, limit)
        : `${content}\n\n${renderAlert(alert, wording, limit)}`;
    if (covers > 0 && bytes(longer) > limit) break;
    content = longer;
    covers += 1;
  }
  return { content, covers };
}

function renderAlert(alert: Alert, wording: Wording, limit: number): string {
  const [icon, color] = look(alert);
  const title = cut(escapeMarkdown(wording.title(alert)), MAX_TITLE_BYTES);
  const head = `${icon} <font color="${color}">**${wording.heading(alert)}**</font> **${title}**`;
  const lines = [head, ...fittingFacts(wording.facts(alert), limit - bytes(head))];
  // A link is whole or absent: cut in the middle it would lead nowhere.
  const links = wording.links(alert).map(([name, url]) => `[${name}](${escapeUrl(url)})`);
  while (links.length > 0 && bytes([...lines, `> ${links.join("　")}`].join("\n")) > limit) links.pop();
  return [...lines, ...(links.length > 0 ? [`> ${links.join("　")}`] : [])].join("\n");
}

/** Every fact has its line, as long as there is room for all. */
function fittingFacts(facts: [string, string][], room: number): string[] {
  let lines: string[] = [];
  for (const length of FACT_BYTES) {
    lines = facts.map(([name, value]) => `> ${name}：${cut(escapeMarkdown(value), length)}`);
    if (lines.reduce((sum, line) => sum + bytes(line) + 1, 0) <= room) break;
  }
  return lines;
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

export function look(alert: Alert): [icon: string, color: string] {
  if (alert.status === "firing") return ["🔴", "warning"];
  return isDoubtful(alert) ? ["❔", "comment"] : ["✅", "info"];
}

export function renderTest(at: string): string {
  return `🔔 **测试消息**\n> 看到这条消息，说明企业微信告警渠道可以使用。\n> 发送时间：${at}`;
}

/**
 * WeCom's markdown knows no escape, so its signs become their full-width twins; a line break becomes a space, and what
 * would turn the direction of writing is left out.
 */
export function escapeMarkdown(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[<>[\]*`#\\]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0))
    .replaceAll(/\p{Bidi_Control}/gu, "")
    .replaceAll(/[\s\p{Cc}]+/gu, " ");
}

/** Brackets would end the link early, the other signs begin something of their own. */
export function escapeUrl(url: string): string {
  return url.replaceAll(/[()\s<>[\]*`\\]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Shortens between characters, never inside one. */
export function cut(text: string, most: number): string {
  if (bytes(text) <= most) return text;
  let kept = "";
  for (const character of text) {
    if (bytes(kept + character) > most - bytes("…")) break;
    kept += character;
  }
  return `${kept}…`;
}
