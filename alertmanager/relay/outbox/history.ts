import type { DatabaseSync } from "node:sqlite";

/** Times are in milliseconds since the epoch. */
export interface AlertQuery {
  since: number | undefined;
  until: number | undefined;
  status: string | undefined;
  limit: number;
}

/** An alert instance and how it was told; times are RFC 3339. */
export interface AlertRecord {
  fingerprint: string;
  status: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string | null;
  generatorURL: string;
  receivedAt: string;
  notifications: NotificationRecord[];
}

export interface NotificationRecord {
  channel: string;
  /** What it told. */
  status: string;
  state: string;
  createdAt: string;
  attempts: number;
  finishedAt: string | null;
  reason: string | null;
  detail: string | null;
}

/** The alerts that fired or changed in a span of time, newest first. */
export function readAlerts(
  database: DatabaseSync,
  { since, until, status, limit }: AlertQuery,
): AlertRecord[] {
  const rows = database
    .prepare(
      `SELECT * FROM alerts
       WHERE updated_at >= $since AND starts_at <= $until AND ($status IS NULL OR status = $status)
       ORDER BY updated_at DESC, id DESC LIMIT $limit`,
    )
    .all({ since: since ?? 0, until: until ?? Number.MAX_SAFE_INTEGER, status: status ?? null, limit });
  const told = database.prepare("SELECT * FROM notifications WHERE alert_id = ? ORDER BY id");
  return rows.map((row) => ({
    fingerprint: String(row.fingerprint),
    status: String(row.status),
    labels: JSON.parse(String(row.labels)),
    annotations: JSON.parse(String(row.annotations)),
    startsAt: toTime(row.starts_at),
    endsAt: row.ends_at === null ? null : toTime(row.ends_at),
    generatorURL: String(row.generator_url),
    receivedAt: toTime(row.received_at),
    notifications: told.all(Number(row.id)).map(toNotification),
  }));
}

export interface NotificationQuery {
  channel: string | undefined;
  state: string | undefined;
  limit: number;
}

/** What was sent, is queued, or failed, newest first; `alert` holds the labels. */
export function readNotifications(
  database: DatabaseSync,
  { channel, state, limit }: NotificationQuery,
): (NotificationRecord & { alert: Record<string, string> })[] {
  const rows = database
    .prepare(
      `SELECT notifications.*, alerts.labels FROM notifications JOIN alerts ON alerts.id = notifications.alert_id
       WHERE ($channel IS NULL OR channel = $channel) AND ($state IS NULL OR state = $state)
       ORDER BY notifications.id DESC LIMIT $limit`,
    )
    .all({ channel: channel ?? null, state: state ?? null, limit });
  return rows.map((row) => ({ alert: JSON.parse(String(row.labels)), ...toNotification(row) }));
}

/** Whether the last notification of a channel that is settled has failed. */
export function isFailing(database: DatabaseSync, channel: string): boolean {
  const row = database
    .prepare(
      "SELECT state FROM notifications WHERE channel = ? AND state <> 'pending' ORDER BY id DESC LIMIT 1",
    )
    .get(channel);
  return row?.state === "failed";
}

/** The firing instance of an alert, as far as the relay was told. */
export function findFiring(database: DatabaseSync, fingerprint: string): { startsAt: number } | undefined {
  const row = database
    .prepare(
      "SELECT starts_at FROM alerts WHERE fingerprint = ? AND status = 'firing' ORDER BY id DESC LIMIT 1",
    )
    .get(fingerprint);
  return row === undefined ? undefined : { startsAt: Number(row.starts_at) };
}

/** Drops what nobody has heard of since `before` (milliseconds since the epoch) and that has nothing left to tell. */
export function prune(database: DatabaseSync, before: number): void {
  database
    .prepare(
      `DELETE FROM alerts WHERE updated_at < ? AND NOT EXISTS
         (SELECT 1 FROM notifications WHERE alert_id = alerts.id AND state = 'pending')`,
    )
    .run(before);
}

function toNotification(row: Record<string, unknown>): NotificationRecord {
  return {
    channel: String(row.channel),
    status: String(row.status),
    state: String(row.state),
    createdAt: toTime(row.created_at),
    attempts: Number(row.attempts),
    finishedAt: row.finished_at === null ? null : toTime(row.finished_at),
    reason: row.reason === null ? null : String(row.reason),
    detail: row.detail === null ? null : String(row.detail),
  };
}

function toTime(value: unknown): string {
  return new Date(Number(value)).toISOString();
}
