import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../../../service/database.ts";
import type { Alert, AlertStatus } from "../alert.ts";

/** A notification that waits to be sent. */
export interface Pending {
  id: number;
  attempts: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** The alert as it is to be told: `status` is that of the notification. */
  alert: Alert;
}

const OLDEST_PENDING = `SELECT batch, channel, next_attempt_at FROM notifications
  WHERE state = 'pending' AND channel = $channel ORDER BY id LIMIT 1`;

/** At most this many are read at once; the rest comes with the next look. */
const READ_AT_ONCE = 200;

/**
 * The oldest webhook's notifications for a channel, once the first of them is due. The others wait behind it: news of
 * one alert must not overtake each other, and what holds up one message holds up the next as well.
 */
export function readDue(database: DatabaseSync, channel: string, now: number): Pending[] {
  const rows = database
    .prepare(
      `WITH oldest AS (${OLDEST_PENDING})
       SELECT waiting.id, waiting.attempts, waiting.created_at, waiting.status AS told,
              alerts.fingerprint, alerts.labels, alerts.annotations, alerts.starts_at, alerts.ends_at, alerts.generator_url
       FROM oldest
       JOIN notifications AS waiting ON waiting.batch = oldest.batch AND waiting.channel = oldest.channel
       JOIN alerts ON alerts.id = waiting.alert_id
       WHERE oldest.next_attempt_at <= $now AND waiting.state = 'pending'
       ORDER BY waiting.id LIMIT ${READ_AT_ONCE}`,
    )
    .all({ channel, now });
  return rows.map((row) => ({
    id: Number(row.id),
    attempts: Number(row.attempts),
    createdAt: Number(row.created_at),
    alert: toAlert(row, row.told as AlertStatus),
  }));
}

/** When a channel's oldest pending notification is due, if there is any. */
export function nextDue(database: DatabaseSync, channel: string): number | undefined {
  const row = database.prepare(OLDEST_PENDING).get({ channel });
  return row === undefined ? undefined : Number(row.next_attempt_at);
}

/** Gives up what waits for channels that are no longer there: visible as failed, not pending for ever. */
export function abandonOthers(database: DatabaseSync, channels: string[], now: number): void {
  database
    .prepare(
      `UPDATE notifications SET state = 'failed', finished_at = ?, reason = 'setup', detail = '渠道已关闭，或不再设置'
       WHERE state = 'pending' AND channel NOT IN (SELECT value FROM json_each(?))`,
    )
    .run(now, JSON.stringify(channels));
}

export function settleSent(database: DatabaseSync, pending: Pending[], now: number): void {
  const statement = database.prepare(
    "UPDATE notifications SET state = 'sent', attempts = attempts + 1, finished_at = ?, reason = NULL, detail = NULL WHERE id = ?",
  );
  transaction(database, () => {
    for (const { id } of pending) statement.run(now, id);
  });
}

/** Why an attempt failed. */
interface Failure {
  reason: string;
  detail: string;
}

export function settleFailed(
  database: DatabaseSync,
  pending: Pending[],
  failure: Failure,
  now: number,
): void {
  const statement = database.prepare(
    "UPDATE notifications SET state = 'failed', attempts = attempts + 1, finished_at = ?, reason = ?, detail = ? WHERE id = ?",
  );
  transaction(database, () => {
    for (const { id } of pending) statement.run(now, failure.reason, failure.detail, id);
  });
}

/** @param attempted false when nothing was sent yet: the wait was known in advance */
export function postpone(
  database: DatabaseSync,
  pending: Pending[],
  { reason, detail, until, attempted }: Failure & { until: number; attempted: boolean },
): void {
  const statement = database.prepare(
    "UPDATE notifications SET attempts = attempts + ?, next_attempt_at = ?, reason = ?, detail = ? WHERE id = ?",
  );
  transaction(database, () => {
    for (const { id } of pending) statement.run(attempted ? 1 : 0, until, reason, detail, id);
  });
}

/** How many wait for a channel, and since when the oldest does (milliseconds since the epoch). */
export function backlog(
  database: DatabaseSync,
  channel: string,
): { pending: number; oldest: number | undefined } {
  const row = database
    .prepare(
      "SELECT count(*) AS pending, min(created_at) AS oldest FROM notifications WHERE state = 'pending' AND channel = ?",
    )
    .get(channel);
  return { pending: Number(row?.pending), oldest: row?.oldest == null ? undefined : Number(row.oldest) };
}

/** @param row of the alerts table */
function toAlert(row: Record<string, unknown>, status: AlertStatus): Alert {
  return {
    fingerprint: String(row.fingerprint),
    status,
    labels: JSON.parse(String(row.labels)),
    annotations: JSON.parse(String(row.annotations)),
    startsAt: Number(row.starts_at),
    endsAt: status === "resolved" && row.ends_at !== null ? Number(row.ends_at) : undefined,
    generatorUrl: String(row.generator_url),
  };
}
