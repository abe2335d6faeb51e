import type { DatabaseSync } from "node:sqlite";

/** When Prometheus was last heard, in milliseconds since the epoch; undefined for never. */
export function readHeartbeat(database: DatabaseSync): number | undefined {
  const row = database.prepare("SELECT heard_at FROM heartbeat").get();
  return row === undefined ? undefined : Number(row.heard_at);
}

/** Kept on disk: a relay that has just started must not believe in ends because it has heard nothing yet. */
export function keepHeartbeat(database: DatabaseSync, heardAt: number): void {
  database
    .prepare("INSERT INTO heartbeat VALUES (1, ?) ON CONFLICT DO UPDATE SET heard_at = excluded.heard_at")
    .run(heardAt);
}
