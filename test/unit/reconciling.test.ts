import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Alert } from "../../alertmanager/relay/alert.ts";
import { createReconciling } from "../../alertmanager/relay/reconciling.ts";
import { firing, webhook } from "./support/alerts.ts";
import { fakeClock } from "./support/clock.ts";
import { silentLogger } from "./support/logger.ts";
import { startRelay } from "./support/relay.ts";
import { listen } from "./support/server.ts";
import { until } from "./support/until.ts";

const clock = fakeClock();
const NOW = clock.now();
const HOUR = 3600_000;

const alert = (fingerprint: string): Alert & { updatedAt: number } => ({
  fingerprint,
  status: "firing",
  labels: { alertname: fingerprint },
  annotations: {},
  startsAt: NOW - HOUR,
  endsAt: undefined,
  generatorUrl: "http://localhost:9090/graph",
  updatedAt: NOW - HOUR,
});

interface World {
  /** What Alertmanager knows. */
  active: string[];
  startedAt: number;
  told: (Alert & { updatedAt: number })[];
  isHeard: boolean;
}

/** Looks several times. @returns what was told as ended */
async function lookAt(t: TestContext, changes: Partial<World>, looks: number): Promise<string[]> {
  const { active, startedAt, told, isHeard }: World = {
    ...{ active: [], startedAt: NOW - HOUR, told: [alert("Silenced")], isHeard: true },
    ...changes,
  };
  const alertmanagerUrl = await listen(t, (request, response) => {
    const status = { uptime: new Date(startedAt).toISOString() };
    const alerts = active.map((fingerprint) => ({ fingerprint }));
    response.end(JSON.stringify(request.url === "/api/v2/status" ? status : alerts));
  });
  const ended: string[] = [];
  const reconciling = createReconciling({
    ...{ alertmanagerUrl, clock, logger: silentLogger },
    readFiring: () => told,
    isHeard: () => isHeard,
    tell: (alerts) =>
      ended.push(...alerts.map(({ fingerprint, status, endsAt }) => `${fingerprint} ${status} ${endsAt}`)),
  });
  for (let look = 1; look <= looks; look += 1) await reconciling.look();
  return ended;
}

test("what Alertmanager does not know any more has ended, once that is seen twice", async (t) => {
  assert.deepEqual(await lookAt(t, {}, 1), []);
});

test("and it is told once it is", async (t) => {
  assert.deepEqual(await lookAt(t, {}, 2), [`Silenced resolved ${NOW}`]);
});

test("what it still knows goes on, silenced or not", async (t) => {
  assert.deepEqual(await lookAt(t, { active: ["Silenced"] }, 3), []);
});

for (const [name, changes] of Object.entries<Partial<World>>({
  "an Alertmanager that has just started may not have heard of it yet": { startedAt: NOW - 299_000 },
  "without a heartbeat it gives up what may go on": { isHeard: false },
  "what has just been told is not doubted": { told: [{ ...alert("New"), updatedAt: NOW - 299_000 }] },
})) {
  test(name, async (t) => {
    assert.deepEqual(await lookAt(t, changes, 3), []);
  });
}

test("so has what others than Prometheus told it, whatever they name as its source", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const alertmanager = await listen(t, (request, response) => {
    const status = { uptime: new Date(NOW - HOUR).toISOString() };
    response.end(JSON.stringify(request.url === "/api/v2/status" ? status : []));
  });
  const relay = await startRelay(t, { env: { ALERTMANAGER_URL: alertmanager } });
  await relay.tell({ ...firing("BackupFailed"), generatorURL: "" });
  relay.clock.advance(300);
  await relay.post("/watchdog", webhook(firing("Watchdog")));
  await until("its end", async () => {
    t.mock.timers.tick(60_000);
    return (await relay.alerts()).some(({ status }) => status === "resolved");
  });
});

test("a new time of an alert ends the earlier one in the history, whose end nobody was told", async (t) => {
  const relay = await startRelay(t);
  const first = firing("HighCpuUsage");
  await relay.post("/alerts", webhook(first));
  await relay.post("/alerts", webhook({ ...first, startsAt: "2026-02-12T15:00:00Z" }));
  assert.deepEqual(
    (await relay.alerts()).map(({ status, startsAt, endsAt }) => [status, startsAt, endsAt]),
    [
      ["firing", "2026-02-12T15:00:00.000Z", null],
      ["resolved", "2026-02-12T13:46:44.123Z", "2026-02-12T15:00:00.000Z"],
    ],
  );
});
