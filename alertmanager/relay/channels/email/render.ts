import { createHash } from "node:crypto";
import { escapeHtml } from "../../../../service/html.ts";
import type { Alert } from "../../alert.ts";
import { isDoubtful } from "../../doubt.ts";
import type { Wording } from "../../wording.ts";

export interface Mail {
  subject: string;
  text: string;
  html: string;
  /** Message ids of the incidents that it tells of. */
  thread?: string[];
}

/** A mail bears far more, but nobody reads further. */
const MAX_ALERTS = 100;
/** Of the texts in bytes; mail servers take ten times as much, but few phones. */
const MAX_BYTES = 500_000;
/** Characters of an address: browsers and servers take no longer ones. */
const LONGEST_URL = 8000;
/** Characters of one fact, and of a subject. */
const LONGEST_TEXT = 2000;
const LONGEST_SUBJECT = 200;

export function renderAlerts(alerts: Alert[], wording: Wording): { content: Mail; covers: number } {
  const told = firstThatFit(alerts, wording);
  const content = {
    subject: subject(told, wording),
    text: told.map((alert) => alertText(alert, wording)).join("\n\n"),
    html: page(told.map((alert) => alertHtml(alert, wording)).join("\n")),
    thread: told.map(incidentId),
  };
  return { content, covers: told.length };
}

function firstThatFit(alerts: Alert[], wording: Wording): Alert[] {
  let used = 0;
  const told = alerts.slice(0, MAX_ALERTS);
  const end = told.findIndex((alert, index) => {
    used += Buffer.byteLength(alertHtml(alert, wording));
    return index > 0 && used > MAX_BYTES;
  });
  return end === -1 ? told : told.slice(0, end);
}

/** A link is whole or absent. */
function usableLinks(alert: Alert, wording: Wording): [string, string][] {
  return wording.links(alert).filter(([, url]) => url.length <= LONGEST_URL);
}

export function renderTest(at: string): Mail {
  const text = "看到这封邮件，说明邮件告警渠道可以使用。";
  return {
    subject: "【测试】监控告警邮件",
    text: `${text}\n发送时间：${at}`,
    html: page(`<p>${text}</p><p>发送时间：${at}</p>`),
  };
}

/**
 * What the mails of one incident refer to, so that they are shown as one conversation. No mail bears this id itself:
 * the first may have told of others as well (https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4).
 */
function incidentId({ fingerprint, startsAt }: Alert): string {
  const hash = createHash("sha256").update(`${fingerprint} ${startsAt}`).digest("hex").slice(0, 32);
  return `<incident.${hash}@wecom-legal-monitoring>`;
}

/** The first firing alert names the mail; one that only tells of ends is named by the first of those. */
function subject(alerts: Alert[], wording: Wording): string {
  const first = alerts.find(({ status }) => status === "firing") ?? alerts[0];
  if (first === undefined) return "";
  const others = alerts.length > 1 ? `（共 ${alerts.length} 条）` : "";
  return `【${wording.heading(first)}】${oneLine(wording.title(first), LONGEST_SUBJECT)}${others}`;
}

function alertText(alert: Alert, wording: Wording): string {
  const facts = wording.facts(alert).map(([name, value]) => `${name}：${oneLine(value)}`);
  const links = usableLinks(alert, wording).map(([name, url]) => `${name}：${oneLine(url, LONGEST_URL)}`);
  return [`【${wording.heading(alert)}】${oneLine(wording.title(alert))}`, ...facts, ...links].join("\n");
}

function alertHtml(alert: Alert, wording: Wording): string {
  const color = colorOf(alert);
  const rows = wording
    .facts(alert)
    .map(
      ([name, value]) =>
        `<tr><td style="color:#666;padding:2px 12px 2px 0;white-space:nowrap;vertical-align:top">${escapeHtml(name)}</td><td>${escapeHtml(oneLine(value))}</td></tr>`,
    );
  const links = usableLinks(alert, wording).map(
    ([name, url]) => `<a href="${escapeHtml(url)}">${escapeHtml(name)}</a>`,
  );
  return [
    `<div style="border-left:4px solid ${color};padding:4px 12px;margin:0 0 16px">`,
    `<h3 style="margin:0 0 8px"><span style="color:${color}">${escapeHtml(wording.heading(alert))}</span> ${escapeHtml(oneLine(wording.title(alert)))}</h3>`,
    `<table style="border-collapse:collapse;font-size:14px">${rows.join("")}</table>`,
    links.length > 0 ? `<p style="margin:8px 0 0">${links.join("　")}</p>` : "",
    "</div>",
  ].join("\n");
}

export function colorOf(alert: Alert): string {
  if (alert.status === "firing") return "#c0392b";
  return isDoubtful(alert) ? "#7f8c8d" : "#1e8449";
}

export function page(body: string): string {
  return `<!doctype html>\n<html lang="zh-CN"><meta charset="utf-8"><body style="font-family:sans-serif">\n${body}\n</body></html>\n`;
}

/** A line break would begin a header in the subject, or forge a line in the text. Nobody reads further. */
export function oneLine(text: string, longest = LONGEST_TEXT): string {
  const line = beginning(text, 2 * longest)
    .replaceAll(/\p{Bidi_Control}/gu, "")
    .replaceAll(/[\s\p{Cc}]+/gu, " ");
  return line.length > longest ? `${beginning(line, longest)}…` : line;
}

/** Never ends inside a character. */
function beginning(text: string, most: number): string {
  return text.slice(0, most).replace(/\p{Cs}$/u, "");
}
