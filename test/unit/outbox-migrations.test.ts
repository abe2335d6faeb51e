import assert from "node:assert/strict";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openOutbox } from "../../alertmanager/relay/outbox/database.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { openDatabase } from "../../service/database.ts";
import { temporaryFolder } from "./support/folder.ts";

const MIGRATIONS = join(PROJECT, "alertmanager/relay/outbox/migrations");

test("003: alerts keep their ids and what is told of them, and what goes on is found without a look at all", (t) => {
  const folder = temporaryFolder(t);
  const earlier = join(folder, "migrations");
  for (const name of readdirSync(MIGRATIONS).filter((name) => name < "003"))
    cpSync(join(MIGRATIONS, name), join(earlier, name));
  const old = openDatabase(join(folder, "relay.db"), earlier);
  old.exec(
    `INSERT INTO alerts VALUES (7, 'f', 1000, NULL, 'firing', '{}', '{}', '', 1000, 2000);
     INSERT INTO notifications (alert_id, channel, status, batch, state, created_at, next_attempt_at, lease_until)
     VALUES (7, 'wecom', 'firing', 'b', 'pending', 1000, 1000, 5000)`,
  );
  old.close();

  const database = openOutbox(folder);
  t.after(() => database.close());
  const all = (sql: string) => database.prepare(sql).all();
  assert.deepEqual(
    all(
      "SELECT alerts.id, fingerprint, updated_at, lease_until FROM notifications JOIN alerts ON alert_id = alerts.id",
    ),
    [Object.assign(Object.create(null), { id: 7, fingerprint: "f", updated_at: 2000, lease_until: 5000 })],
  );
  assert.deepEqual(all("PRAGMA foreign_key_check"), []);
  for (const [column, index] of [
    ["fingerprint", "alerts_firing"],
    ["updated_at", "alerts_firing_updated_at"],
  ]) {
    const [step] = all(`EXPLAIN QUERY PLAN SELECT 1 FROM alerts WHERE status = 'firing' AND ${column} = 1`);
    assert.match(String(step?.detail), new RegExp(`${index} `));
  }
});
