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
 * @param elapsed milliseconds that nobody sets: a clock set ahead would else begin a new window
 */
export function createWindow(database: DatabaseSync, now: () => number, elapsed: () => number = now): Window {
  /** By sender, when this process sent, in elapsed milliseconds. */
  const recent = new Map<string, number[]>();
  const ahead = database.prepare("UPDATE sends SET sent_at = $now WHERE sent_at > $now");
  const forget = database.prepare("DELETE FROM sends WHERE sender = $sender AND sent_at <= $begin");
  const within = database.prepare(
    "SELECT sent_at FROM sends WHERE sender = $sender AND sent_at > $begin ORDER BY sent_at",
  );
  const note = database.prepare("INSERT INTO sends (sender, sent_at) VALUES ($sender, $now)");
  const correct = database.prepare(
    "UPDATE sends SET sent_at = $now WHERE rowid = (SELECT max(rowid) FROM sends WHERE sender = $sender)",
  );

  /** When the sender has room again by what this process has sent, in elapsed milliseconds; past where it has. */
  function roomAgain(sender: string, { messages, span }: Limit): number {
    const sent = (recent.get(sender) ?? []).filter((at) => at > elapsed() - span);
    recent.set(sender, sent);
    return (sent.at(-messages) ?? Number.NEGATIVE_INFINITY) + span;
  }

  return {
    answered(sender) {
      recent.get(sender)?.splice(-1, 1, elapsed());
      correct.run({ sender, now: now() });
    },
    reserve(sender, limit) {
      const { messages, span } = limit;
      const wait = roomAgain(sender, limit) - elapsed();
      const reservation = transaction(database, (): Reservation => {
        const at = now();
        // A clock that was set back must not block for longer than the span.
        ahead.run({ now: at });
        forget.run({ sender, begin: at - span });
        const blocking = within.all({ sender, begin: at - span }).at(-messages);
        if (blocking !== undefined) return { granted: false, until: Number(blocking.sent_at) + span };
        if (wait > 0) return { granted: false, until: at + wait };
        note.run({ sender, now: at });
        return { granted: true };
      });
      if (reservation.granted) recent.get(sender)?.push(elapsed());
      return reservation;
    },
    room(sender, limit) {
      const { messages, span } = limit;
      const at = now();
      const sent = within.all({ sender, begin: at - span });
      // Else they would be within the span for as long as the clock was set back.
      if (sent.some(({ sent_at }) => Number(sent_at) > at)) ahead.run({ now: at });
      if (roomAgain(sender, limit) > elapsed()) return 0;
      return Math.max(0, messages - Math.max(sent.length, recent.get(sender)?.length ?? 0));
    },
  };
}
