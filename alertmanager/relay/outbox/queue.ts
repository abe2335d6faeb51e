import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../../../service/database.ts";
import type { Alert, AlertStatus } from "../alert.ts";

/** What there is to tell of one alert: its newest state, and every notification that this settles. */
export interface Pending {
  /** Of the notifications, oldest first. */
  ids: number[];
  attempts: number;
  /** When the oldest was queued, in milliseconds since the epoch. */
  createdAt: number;
  /** The alert as it is to be told. */
  alert: Alert;
}

/** Milliseconds: longer than any attempt takes, the noting of its outcome included. */
const LEASE = 180_000;

/** Milliseconds: nothing is put off for longer, so what seems to be was put off before the clock was set back. */
const LONGEST_WAIT = 15 * 60_000;

const IS_FREE = `state = 'pending' AND (lease_until IS NULL OR lease_until <= $now OR lease_until > $now + ${LEASE})`;
const DUE = `CASE WHEN next_attempt_at > $now + ${LONGEST_WAIT} THEN 0 ELSE next_attempt_at END`;

/** At most this many alerts are looked at, critical ones first; the rest comes with the next look. */
const READ_AT_ONCE = 10_000;

/** What waits for a channel: how many notifications came with each webhook, oldest first. */
export function countWaiting(
  database: DatabaseSync,
  channel: string,
  now: number,
): { batch: string; count: number }[] {
  const rows = database
    .prepare(
      `SELECT batch, count(*) AS count FROM notifications
       WHERE channel = $channel AND ${IS_FREE} GROUP BY batch ORDER BY min(id)`,
    )
    .all({ channel, now });
  return rows.map(({ batch, count }) => ({ batch: String(batch), count: Number(count) }));
}

/** Whether anything critical waits for a channel. */
export function hasCritical(database: DatabaseSync, channel: string): boolean {
  const row = database
    .prepare("SELECT 1 FROM notifications WHERE channel = ? AND state = 'pending' AND urgency = 0 LIMIT 1")
    .get(channel);
  return row !== undefined;
}

/**
 * When a channel's oldest notification is due, if any waits; nothing is before it: what holds up one message holds up
 * the next as well.
 */
export function nextDue(database: DatabaseSync, channel: string, now: number): number | undefined {
  const row = database
    .prepare(
      `SELECT ${DUE} AS due FROM notifications WHERE channel = $channel AND ${IS_FREE} ORDER BY id LIMIT 1`,
    )
    .get({ channel, now });
  return row === undefined ? undefined : Number(row.due);
}

/**
 * What there is to tell through a channel. Notifications of the same alert are one: what fired and ended while it
 * waited is told as ended, and a repeat of what was not yet told is not told twice.
 * @param batch one webhook's; undefined for all
 */
export function readWaiting(
  database: DatabaseSync,
  channel: string,
  batch: string | undefined,
  now: number,
): Pending[] {
  const rows = database
    .prepare(
      `WITH free AS (SELECT * FROM notifications WHERE channel = $channel AND ${IS_FREE}),
            told AS (SELECT alert_id FROM free WHERE $batch IS NULL OR batch = $batch
                     GROUP BY alert_id ORDER BY min(urgency), min(id) LIMIT ${READ_AT_ONCE})
       SELECT waiting.id, waiting.alert_id, waiting.attempts, waiting.created_at, waiting.status AS told,
              alerts.fingerprint, alerts.labels, alerts.annotations, alerts.starts_at, alerts.ends_at, alerts.generator_url
       FROM free AS waiting JOIN alerts ON alerts.id = waiting.alert_id
       WHERE waiting.alert_id IN told ORDER BY waiting.id`,
    )
    .all({ channel, batch: batch ?? null, now });
  return [...Map.groupBy(rows, ({ alert_id }) => alert_id).values()].map(join);
}

/**
 * Takes notifications for an attempt, so that nobody else sends them.
 * @returns until when they are its own, in milliseconds since the epoch
 */
export function lease(database: DatabaseSync, pending: Pending[], now: number): number {
  const until = now + LEASE;
  const statement = database.prepare("UPDATE notifications SET lease_until = ? WHERE id = ?");
  transaction(database, () => {
    for (const { ids } of pending) for (const id of ids) statement.run(until, id);
  });
  return until;
}

/** Ends every lease: at the start, when those who held them are dead. No two relays share a database. */
export function endLeases(database: DatabaseSync): void {
  database.exec(
    "UPDATE notifications SET lease_until = NULL WHERE state = 'pending' AND lease_until IS NOT NULL",
  );
}

/** @param rows of one alert, oldest first */
function join(rows: Record<string, unknown>[]): Pending {
  const newest = rows.at(-1) ?? {};
  const status = newest.told as AlertStatus;
  const isUntold = status === "resolved" && rows.some(({ told }) => told === "firing");
  return {
    ids: rows.map(({ id }) => Number(id)),
    attempts: Math.max(...rows.map(({ attempts }) => Number(attempts))),
    createdAt: Number(rows[0]?.created_at),
    alert: { ...toAlert(newest, status), ...(isUntold && { isUntold: true as const }) },
  };
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

/** What became of an attempt, as it is noted. Times are in milliseconds since the epoch. */
export type Settlement =
  /** With a reason where not everybody is reached. */
  | { state: "sent"; at: number; reason?: string; detail?: string }
  | { state: "failed"; at: number; reason: string; detail: string }
  /** `isAttempt` is false when nothing was sent yet: the wait was known in advance. */
  | { state: "pending"; until: number; reason: string; detail: string; isAttempt: boolean };

/**
 * Notes what became of an attempt, for as much of it as is still its own.
 * @throws when the disk refuses
 */
export function settle(
  database: DatabaseSync,
  pending: Pending[],
  leaseUntil: number,
  settlement: Settlement,
): void {
  const isPending = settlement.state === "pending";
  const values = {
    leaseUntil,
    state: settlement.state,
    attempts: isPending && !settlement.isAttempt ? 0 : 1,
    finished: isPending ? null : settlement.at,
    due: isPending ? settlement.until : null,
    reason: settlement.reason ?? null,
    detail: settlement.detail ?? null,
  };
  const statement = database.prepare(
    `UPDATE notifications SET state = $state, attempts = attempts + $attempts, finished_at = $finished,
       next_attempt_at = coalesce($due, next_attempt_at), reason = $reason, detail = $detail, lease_until = NULL
     WHERE id = $id AND lease_until = $leaseUntil`,
  );
  transaction(database, () => {
    for (const { ids } of pending) for (const id of ids) statement.run({ ...values, id });
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
