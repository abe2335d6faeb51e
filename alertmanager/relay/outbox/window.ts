import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../../../service/database.ts";

/** What a sender has left of its limit: go ahead, or the time in milliseconds since the epoch when to ask again. */
export type Reservation = { granted: true } | { granted: false; until: number };

export interface Limit {
  messages: number;
  /** Milliseconds. */
  span: number;
}

/**
 * Takes one message off a sender's limit before it is sent, so that a crash cannot send one too many.
 * Kept on disk: a restart does not begin a new window.
 * @param sender names it without revealing its key
 */
export function reserve(
  database: DatabaseSync,
  sender: string,
  { messages, span }: Limit,
  now: number,
): Reservation {
  return transaction(database, () => {
    // A clock that was set back must not block for longer than the span.
    database.prepare("UPDATE sends SET sent_at = ? WHERE sent_at > ?").run(now, now);
    database.prepare("DELETE FROM sends WHERE sent_at <= ?").run(now - span);
    const sent = database.prepare("SELECT sent_at FROM sends WHERE sender = ? ORDER BY sent_at").all(sender);
    const blocking = sent.at(-messages);
    if (blocking !== undefined) return { granted: false, until: Number(blocking.sent_at) + span };
    database.prepare("INSERT INTO sends (sender, sent_at) VALUES (?, ?)").run(sender, now);
    return { granted: true };
  });
}
