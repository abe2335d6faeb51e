import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { WecomMessage } from "./wecom-server.ts";

/** Alerts of a storm are called so, and nothing else in a message looks like it. */
const NAME = /Storm\d+x/g;

export const stormName = (number: number) => `Storm${number}x`;

export function namesIn({ content }: WecomMessage): string[] {
  return [...new Set(content.match(NAME) ?? [])];
}

/** How many alerts a message tells of only as part of a number. */
export function countedIn({ content }: WecomMessage): number {
  return [...content.matchAll(/^另有.* (\d+) 条$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** At most `messages` of any robot within any `span` milliseconds. */
export function assertWithinLimit(messages: WecomMessage[], limit = { messages: 20, span: 60_000 }): void {
  for (const [key, sent] of Map.groupBy(messages, ({ key }) => key)) {
    for (const [index, { at }] of sent.entries()) {
      const later = sent[index + limit.messages];
      assert.ok(
        later === undefined || later.at - at >= limit.span,
        `${key} sent ${limit.messages + 1} messages within ${(later?.at ?? 0) - at} ms`,
      );
    }
  }
}

/** What the relay's disk holds of each alert: how it was told, by name. Only while the relay is not running. */
export function readOutbox(dataDir: string): Map<string, { state: string; counted: boolean }> {
  const database = new DatabaseSync(join(dataDir, "relay.db"), { readOnly: true });
  try {
    const rows = database
      .prepare(
        `SELECT alerts.labels ->> 'alertname' AS name, state, detail FROM notifications
         JOIN alerts ON alerts.id = alert_id ORDER BY notifications.id`,
      )
      .all();
    return new Map(
      rows.map(({ name, state, detail }) => [
        String(name),
        { state: String(state), counted: state === "sent" && String(detail).startsWith("只计入数目") },
      ]),
    );
  } finally {
    database.close();
  }
}
