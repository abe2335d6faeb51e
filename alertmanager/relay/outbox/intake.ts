import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../../../service/database.ts";
import { type Alert, isCritical } from "../alert.ts";

/**
 * The same news of the same alert within this time, in milliseconds, is not told again: Alertmanager retries a
 * webhook whose answer was lost, and sends a whole group when one alert joins it. Shorter than any repeat_interval.
 */
const SAME_NEWS = 30 * 60_000;

/**
 * Stores alerts and queues them for each channel, all or nothing.
 * @param now milliseconds since the epoch
 * @throws when the disk refuses
 */
export function accept(database: DatabaseSync, alerts: Alert[], channels: string[], now: number): void {
  const batch = randomUUID();
  const statements = prepare(database);
  transaction(database, () => {
    for (const alert of alerts) {
      const id = remember(statements.remember, alert, now);
      endEarlier(statements, alert);
      for (const channel of channels) {
        const last = statements.last.get(id, channel);
        // Either way: the clock may have been set back since.
        const isRecent = Math.abs(now - Number(last?.created_at)) < SAME_NEWS;
        const isKnown = last?.status === alert.status && isRecent;
        if (isKnown && last.state !== "failed") continue;
        const urgency = isCritical(alert) ? 0 : 1;
        statements.enqueue.run({ id, channel, status: alert.status, batch, now, urgency });
      }
    }
  });
}

/** Once for ten thousand alerts: preparing takes longer than running. */
function prepare(database: DatabaseSync) {
  return {
    remember: database.prepare(
      `INSERT INTO alerts (fingerprint, starts_at, ends_at, status, labels, annotations, generator_url, received_at, updated_at)
       VALUES ($fingerprint, $startsAt, $endsAt, $status, $labels, $annotations, $generatorUrl, $now, $now)
       ON CONFLICT (starts_at, fingerprint) DO UPDATE SET
         ends_at = excluded.ends_at, status = excluded.status, annotations = excluded.annotations, updated_at = excluded.updated_at
       RETURNING id`,
    ),
    endEarlier: database.prepare(
      `UPDATE alerts SET status = 'resolved', ends_at = $startsAt
       WHERE fingerprint = $fingerprint AND status = 'firing' AND starts_at < $startsAt
       RETURNING id`,
    ),
    tellEnded: database.prepare(
      "UPDATE notifications SET status = 'resolved' WHERE state = 'pending' AND alert_id = ?",
    ),
    last: database.prepare(
      "SELECT status, state, created_at FROM notifications WHERE alert_id = ? AND channel = ? ORDER BY id DESC LIMIT 1",
    ),
    enqueue: database.prepare(
      `INSERT INTO notifications (alert_id, channel, status, batch, state, created_at, next_attempt_at, urgency)
       VALUES ($id, $channel, $status, $batch, 'pending', $now, $now, $urgency)`,
    ),
  };
}

/**
 * An alert that begins anew has ended before, though nobody said so: it was silenced, or muted, when it ended. What
 * still waits to be told of that time is told as ended.
 */
function endEarlier(statements: ReturnType<typeof prepare>, { fingerprint, startsAt }: Alert): void {
  for (const { id } of statements.endEarlier.all({ fingerprint, startsAt }))
    statements.tellEnded.run(Number(id));
}

/** @returns the id of the alert instance's row */
function remember(statement: ReturnType<typeof prepare>["remember"], alert: Alert, now: number): number {
  const { fingerprint, startsAt, endsAt = null, status, labels, annotations, generatorUrl } = alert;
  const row = statement.get({
    ...{ fingerprint, startsAt, endsAt, status, generatorUrl, now },
    labels: JSON.stringify(labels),
    annotations: JSON.stringify(annotations),
  });
  return Number(row?.id);
}
