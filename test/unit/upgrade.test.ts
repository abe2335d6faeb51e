import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import { openOutbox } from "../../alertmanager/relay/outbox/database.ts";
import { readHeartbeat } from "../../alertmanager/relay/outbox/heartbeat.ts";
import { readAlerts, readNotifications } from "../../alertmanager/relay/outbox/history.ts";
import { parseConfig } from "../../config/config.ts";
import { openEventStore } from "../../exporter/events/store.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { temporaryFolder } from "./support/folder.ts";

/*
 * test/fixtures/databases holds what each version of the schema wrote, as SQL: a migration that is edited after its
 * release makes these red, and a new one wants its own file.
 */
const DATABASES = join(PROJECT, "test/fixtures/databases");
const MIGRATIONS = {
  events: join(PROJECT, "exporter/events/migrations"),
  relay: join(PROJECT, "alertmanager/relay/outbox/migrations"),
};
const NOW = Date.parse("2026-02-12T13:50:00Z");

/** A data folder as that version left it. */
function left(t: TestContext, fixture: string): string {
  const folder = temporaryFolder(t);
  const [name] = fixture.split("-");
  // The rows stand in the order of their tables.
  const database = new DatabaseSync(join(folder, `${name}.db`), { enableForeignKeyConstraints: false });
  database.exec(readFileSync(join(DATABASES, fixture), "utf8"));
  database.close();
  return folder;
}

/** What a database is made of, however it is written. */
function schema(folder: string, name: string): string[] {
  const database = new DatabaseSync(join(folder, `${name}.db`), { readOnly: true });
  const rows = database.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").all();
  database.close();
  return rows.map(({ sql }) => String(sql).replaceAll(/--.*$/gm, "").replaceAll(/\s+/g, " ")).sort();
}

const fixtures = (name: string) => readdirSync(DATABASES).filter((file) => file.startsWith(`${name}-`));

for (const [name, folder] of Object.entries(MIGRATIONS)) {
  test(`${name}: each version of the schema has a database that it left`, () => {
    const versions = readdirSync(folder).map((_, index) => `${name}-${index + 1}.sql`);
    assert.deepEqual(fixtures(name), versions, `add the newest to ${DATABASES}`);
    for (const [index, fixture] of versions.entries()) {
      const text = readFileSync(join(DATABASES, fixture), "utf8");
      assert.match(text, new RegExp(`^PRAGMA user_version = ${index + 1};$`, "m"), fixture);
    }
  });
}

suite("a database of an earlier version", () => {
  for (const fixture of fixtures("events")) {
    test(`${fixture}: totals, days and ids are all there`, (t) => {
      const folder = left(t, fixture);
      const store = openEventStore(folder, "Asia/Shanghai");
      const { totals, days } = store.readAll();
      assert.deepEqual([...totals].sort(), [
        ["consultations_total", 5],
        ["satisfaction_score_count", 3],
        ["satisfaction_score_sum", 13.5],
        ["wecom_messages_errors_total", 3],
        ["wecom_messages_total", 41],
      ]);
      assert.deepEqual(Object.fromEntries(days), { "2026-02-11": 20, "2026-02-12": 21 });
      const { recorded } = store.record(
        [
          [
            { type: "case", id: "消息-2" },
            { type: "case", id: "new" },
          ],
        ],
        NOW,
      );
      assert.deepEqual(recorded, [{ accepted: 1, duplicates: 1 }]);
      store.close();

      const fresh = temporaryFolder(t);
      openEventStore(fresh, "Asia/Shanghai").close();
      assert.deepEqual(schema(folder, "events"), schema(fresh, "events"));
    });
  }

  for (const fixture of fixtures("relay")) {
    test(`${fixture}: the history is whole, and what was not told yet waits`, (t) => {
      const folder = left(t, fixture);
      const database = openOutbox(folder);
      const all = { since: undefined, until: undefined, status: undefined, limit: 10 };
      const [firing, ended] = readAlerts(database, all);
      assert.deepEqual(
        [firing?.labels.mountpoint, firing?.status, firing?.endsAt],
        ["/数据", "firing", null],
      );
      assert.equal(firing?.startsAt, "2026-02-12T13:46:44.290Z");
      assert.deepEqual([ended?.labels.service, ended?.endsAt], ["官网", "2026-02-12T12:45:00.000Z"]);
      assert.deepEqual(
        ended?.notifications.map(({ channel, status, state, reason }) => [channel, status, state, reason]),
        [
          ["wecom", "firing", "sent", null],
          ["email", "firing", "failed", "setup"],
          ["wecom", "resolved", "sent", null],
        ],
      );
      const [waiting] = readNotifications(database, { channel: "wecom", state: "pending", limit: 10 });
      assert.deepEqual([waiting?.alert.alertname, waiting?.attempts], ["HighDiskUsage", 2]);
      assert.equal(readHeartbeat(database), fixture === "relay-1.sql" ? undefined : 1770904000000);
      database.close();

      const fresh = temporaryFolder(t);
      openOutbox(fresh).close();
      assert.deepEqual(schema(folder, "relay"), schema(fresh, "relay"));
    });
  }
});

test("the config.ini of the original guide is taken as it is", () => {
  const config = parseConfig(
    `[monitoring]
# 监控配置
enabled = true
metrics_port = 8001
alert_enabled = true
alert_threshold_response_time = 5
alert_threshold_error_rate = 0.1
alert_notification_channels = wecom,email
`,
    "config.ini",
  );
  assert.equal(config.metricsPort, 8001);
  assert.deepEqual(config.channels, ["wecom", "email"]);
  assert.equal(config.collectInterval, 60);
});
