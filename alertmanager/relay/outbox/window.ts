import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../../../service/database.ts";

/** What a sender has left of its limit: go ahead, or the time in milliseconds since the epoch when to ask again. */
export type Reservation = { granted: true } | { granted: false; until: number };

export interface Limit {
  messages: number;
  /** Milliseconds. */
  span: number;
}

/** The messages of each limited sender within its span, on disk: a restart does not begin a new window. */
export interface Window {
  /** Takes one message off the limit before it is sent, so that a crash cannot send one too many. */
  reserve(sender: string, limit: Limit): Reservation;
  /**
   * The last message was answered. The receiver counted it when it arrived, not when it was reserved: one that was slow
   * on its way would else leave the receiver's window later than ours.
   */
  answered(sender: string): void;
  /** How many it could send at once. */
  room(sender: string, limit: Limit): number;
}

/**
 * Senders are named without revealing their keys.
 * @param now milliseconds since the epoch
 */
export function createWindow(database: DatabaseSync, now: () => number): Window {
  const ahead = database.prepare("UPDATE sends SET sent_at = $now WHERE sent_at > $now");
  const forget = database.prepare("DELETE FROM sends WHERE sender = $sender AND sent_at <= $begin");
  const within = database.prepare(
    "SELECT sent_at FROM sends WHERE sender = $sender AND sent_at > $begin ORDER BY sent_at",
  );
  const note = database.prepare("INSERT INTO sends (sender, sent_at) VALUES ($sender, $now)");
  const correct = database.prepare(
    "UPDATE sends SET sent_at = $now WHERE rowid = (SELECT max(rowid) FROM sends WHERE sender = $sender)",
  );
  return {
    answered: (sender) => void correct.run({ sender, now: now() }),
    reserve: (sender, { messages, span }) =>
      transaction(database, () => {
        const at = now();
        // A clock that was set back must not block for longer than the span.
        ahead.run({ now: at });
        forget.run({ sender, begin: at - span });
        const blocking = within.all({ sender, begin: at - span }).at(-messages);
        if (blocking !== undefined) return { granted: false, until: Number(blocking.sent_at) + span };
        note.run({ sender, now: at });
        return { granted: true };
      }),
    room: (sender, { messages, span }) =>
      Math.max(0, messages - within.all({ sender, begin: now() - span }).length),
  };
}
