import { join } from "node:path";
import { PROJECT } from "../../scripts/stack/project.ts";
import { openDatabase, transaction } from "../../service/database.ts";

/*
 * node fill-history.ts FOLDER ROWS: as many alerts, and as many notifications, as the relay would remember of the last 80
 * days. A process of its own: it takes a while, and others are measured meanwhile.
 */
const [folder = "", rows = ""] = process.argv.slice(2);
const DAYS = 80;

/** Scattered as hashes are. */
const FINGERPRINT = "printf('%08x%08x', number * 2654435761 % 4294967296, number)";
const LABELS = `json_object('alertname', 'Kind' || number % 12, 'severity', 'warning', 'job', 'wecom_legal_service',
  'instance', 'host-' || number % 997 || ':9100', 'service', 'service_' || number % 100)`;
const ANNOTATIONS = `json_object('summary', '磁盘空间不足', 'description', '磁盘已用 91.5%，超过阈值 90%',
  'runbook_url', 'http://localhost:8001/runbooks/HighDiskUsage', 'dashboard_url', 'http://localhost:3000/d/wecom-system')`;

const database = openDatabase(
  join(folder, "relay.db"),
  join(PROJECT, "alertmanager/relay/outbox/migrations"),
);
const first = Date.now() - DAYS * 24 * 3600_000;
const values = { rows: Number(rows), first, step: Math.floor((Date.now() - first) / Number(rows)) };
transaction(database, () => {
  database
    .prepare(
      `WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < $rows)
       INSERT INTO alerts
         (fingerprint, starts_at, ends_at, status, labels, annotations, generator_url, received_at, updated_at)
       SELECT ${FINGERPRINT}, began, began + 300000, 'resolved', ${LABELS}, ${ANNOTATIONS},
         'http://localhost:9090/graph?g0.expr=up', began + 30000, began + 330000
       FROM (SELECT number, $first + number * $step AS began FROM numbers)`,
    )
    .run(values);
  database.exec(
    `INSERT INTO notifications
       (alert_id, channel, status, batch, state, created_at, attempts, next_attempt_at, finished_at, reason, detail)
     SELECT id, 'wecom', 'resolved', 'batch-' || id, iif(id % 1000 = 0, 'failed', 'sent'), updated_at, 1, updated_at,
       updated_at + 100, iif(id % 1000 = 0, 'setup', NULL), iif(id % 1000 = 0, 'errcode 93000', NULL)
     FROM alerts`,
  );
});
database.close();
