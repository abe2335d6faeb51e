import type { DatabaseSync } from "node:sqlite";
import type { Alert, AlertStatus } from "../alert.ts";

/** Times are in milliseconds since the epoch. */
export interface AlertQuery {
  since: number | undefined;
  until: number | undefined;
  status: AlertStatus | undefined;
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
  const rows = select(database, {
    from: "SELECT * FROM alerts",
    where: { "updated_at >= $since": since, "starts_at <= $until": until, ...literal("status", status) },
    order: "updated_at DESC, id DESC",
    limit,
  });
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
  state: "pending" | "sent" | "failed" | undefined;
  limit: number;
}

/** What was sent, is queued, or failed, newest first; `alert` holds the labels. */
export function readNotifications(
  database: DatabaseSync,
  { channel, state, limit }: NotificationQuery,
): (NotificationRecord & { alert: Record<string, string> })[] {
  const rows = select(database, {
    from: "SELECT notifications.*, alerts.labels FROM notifications JOIN alerts ON alerts.id = notifications.alert_id",
    where: { "channel = $channel": channel, ...literal("state", state) },
    order: "notifications.id DESC",
    limit,
  });
  return rows.map((row) => ({ alert: JSON.parse(String(row.labels)), ...toNotification(row) }));
}

interface Selection {
  from: string;
  /** A condition and the value of its parameter; undefined leaves it out, null is for one without a parameter. */
  where: Record<string, string | number | null | undefined>;
  order: string;
  limit: number;
}

/** Written out, as what goes on, is pending or has failed has an index of its own. */
function literal(column: string, value: AlertStatus | NotificationQuery["state"]): Selection["where"] {
  return value === undefined ? {} : { [`${column} = '${value}'`]: null };
}

/** Only the conditions that are asked for: SQLite finds no index for one that may be absent. */
function select(database: DatabaseSync, { from, where, order, limit }: Selection) {
  const conditions = Object.entries(where).filter(([, value]) => value !== undefined);
  const clause = conditions.length > 0 ? `WHERE ${conditions.map(([text]) => text).join(" AND ")}` : "";
  const parameters = conditions.flatMap(([text, value]) => {
    const name = /\$(\w+)/.exec(text)?.[1];
    return name === undefined ? [] : [[name, value as string | number]];
  });
  return database
    .prepare(`${from} ${clause} ORDER BY ${order} LIMIT $limit`)
    .all({ ...Object.fromEntries(parameters), limit });
}

/** Whether the last notification of a channel that is settled has failed, be it for one receiver only. */
export function isFailing(database: DatabaseSync, channel: string): boolean {
  const row = database
    .prepare(
      "SELECT state, reason FROM notifications WHERE channel = ? AND state <> 'pending' ORDER BY id DESC LIMIT 1",
    )
    .get(channel);
  return row?.state === "failed" || (row?.reason ?? null) !== null;
}

/** The last thing told through a channel, and the last that was not; null where there is none. */
export interface LastTold {
  sent: { at: string } | null;
  failed: { at: string; reason: string | null; detail: string | null } | null;
}

export function readLastTold(database: DatabaseSync, channel: string): LastTold {
  const sent = database
    .prepare(
      `SELECT finished_at FROM notifications INDEXED BY notifications_settled
       WHERE channel = ? AND state <> 'pending' AND state = 'sent' ORDER BY id DESC LIMIT 1`,
    )
    .get(channel);
  // What failed is rare: through its own index, not past a million that were sent.
  const failed = database
    .prepare(
      `SELECT finished_at, reason, detail FROM notifications INDEXED BY notifications_failed
       WHERE channel = ? AND state = 'failed' ORDER BY id DESC LIMIT 1`,
    )
    .get(channel);
  return {
    sent: sent ? { at: toTime(sent.finished_at) } : null,
    failed: failed
      ? { at: toTime(failed.finished_at), reason: toText(failed.reason), detail: toText(failed.detail) }
      : null,
  };
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

/** Rows that are dropped at once: what waits to be stored or sent waits for no more than that. */
const PRUNED_AT_ONCE = 200;

/**
 * Drops some of what nobody has heard of since `before` (milliseconds since the epoch) and that has nothing left to
 * tell; what still goes on stays.
 * @returns whether there may be more
 */
export function prune(database: DatabaseSync, before: number): boolean {
  const { changes } = database
    .prepare(
      `DELETE FROM alerts WHERE id IN (
         SELECT id FROM alerts WHERE updated_at < ? AND status = 'resolved' AND NOT EXISTS
           (SELECT 1 FROM notifications WHERE alert_id = alerts.id AND state = 'pending') LIMIT ${PRUNED_AT_ONCE})`,
    )
    .run(before);
  return Number(changes) === PRUNED_AT_ONCE;
}

/** Every alert that goes on, as far as the relay was told. */
export function readFiring(database: DatabaseSync): (Alert & { updatedAt: number })[] {
  const rows = database.prepare("SELECT * FROM alerts WHERE status = 'firing'").all();
  return rows.map((row) => ({
    fingerprint: String(row.fingerprint),
    status: "firing",
    labels: JSON.parse(String(row.labels)),
    annotations: JSON.parse(String(row.annotations)),
    startsAt: Number(row.starts_at),
    endsAt: undefined,
    generatorUrl: String(row.generator_url),
    updatedAt: Number(row.updated_at),
  }));
}

function toNotification(row: Record<string, unknown>): NotificationRecord {
  return {
    channel: String(row.channel),
    status: String(row.status),
    state: String(row.state),
    createdAt: toTime(row.created_at),
    attempts: Number(row.attempts),
    finishedAt: row.finished_at === null ? null : toTime(row.finished_at),
    reason: toText(row.reason),
    detail: toText(row.detail),
  };
}

function toText(value: unknown): string | null {
  return value === null ? null : String(value);
}

function toTime(value: unknown): string {
  return new Date(Number(value)).toISOString();
}
