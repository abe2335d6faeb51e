import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../../../service/database.ts";
import type { Alert } from "../alert.ts";

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
  transaction(database, () => {
    const batch = randomUUID();
    for (const alert of alerts) {
      const id = remember(database, alert, now);
      for (const channel of channels) {
        if (!wasQueued(database, id, channel, alert.status, now - SAME_NEWS)) {
          enqueue(database, { id, channel, status: alert.status, batch, now });
        }
      }
    }
  });
}

/** @returns the id of the alert instance's row */
function remember(database: DatabaseSync, alert: Alert, now: number): number {
  const row = database
    .prepare(
      `INSERT INTO alerts (fingerprint, starts_at, ends_at, status, labels, annotations, generator_url, received_at, updated_at)
       VALUES ($fingerprint, $startsAt, $endsAt, $status, $labels, $annotations, $generatorUrl, $now, $now)
       ON CONFLICT (fingerprint, starts_at) DO UPDATE SET
         ends_at = excluded.ends_at, status = excluded.status, annotations = excluded.annotations, updated_at = excluded.updated_at
       RETURNING id`,
    )
    .get({
      ...alert,
      endsAt: alert.endsAt ?? null,
      labels: JSON.stringify(alert.labels),
      annotations: JSON.stringify(alert.annotations),
      now,
    });
  return Number(row?.id);
}

function wasQueued(
  database: DatabaseSync,
  id: number,
  channel: string,
  status: string,
  since: number,
): boolean {
  const row = database
    .prepare(
      "SELECT status, created_at FROM notifications WHERE alert_id = ? AND channel = ? ORDER BY id DESC LIMIT 1",
    )
    .get(id, channel);
  return row !== undefined && row.status === status && Number(row.created_at) > since;
}

interface Queued {
  id: number;
  channel: string;
  status: string;
  batch: string;
  now: number;
}

function enqueue(database: DatabaseSync, queued: Queued): void {
  database
    .prepare(
      `INSERT INTO notifications (alert_id, channel, status, batch, state, created_at, next_attempt_at)
       VALUES ($id, $channel, $status, $batch, 'pending', $now, $now)`,
    )
    .run({ ...queued });
}
