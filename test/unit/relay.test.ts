import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, test } from "node:test";
import { EnvironmentError } from "../../config/environment.ts";
import { firing, resolved, webhook } from "./support/alerts.ts";
import { sample } from "./support/exporter.ts";
import { startRelay } from "./support/relay.ts";
import { startRobots } from "./support/robots.ts";

const CPU = firing("HighCpuUsage");
const DOWN = firing("ServiceDown", { severity: "critical", service: "案件系统" });

test("an alert is stored, told, and kept with how it was told", async (t) => {
  const robots = await startRobots(t);
  const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url } });
  const response = await relay.tell(DOWN);
  assert.deepEqual([response.status, await response.json()], [200, { accepted: 1 }]);
  assert.match(await robots.message(1), /ServiceDown 发生/);
  await relay.settled();
  const now = "2026-02-12T13:46:44.000Z";
  assert.deepEqual(await relay.alerts(), [
    {
      fingerprint: DOWN.fingerprint,
      status: "firing",
      labels: DOWN.labels,
      annotations: DOWN.annotations,
      startsAt: "2026-02-12T13:46:44.123Z",
      endsAt: null,
      generatorURL: DOWN.generatorURL,
      receivedAt: now,
      notifications: [
        {
          channel: "wecom",
          status: "firing",
          state: "sent",
          createdAt: now,
          attempts: 1,
          finishedAt: now,
          reason: null,
          detail: null,
        },
      ],
    },
  ]);
});

test("alerts of one webhook are told in one message, its end in another", async (t) => {
  const robots = await startRobots(t);
  const relay = await startRelay(t, { env: { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url } });
  await relay.tell(CPU, DOWN);
  assert.match(await robots.message(1), /ServiceDown 发生.*HighCpuUsage 发生/s);
  relay.clock.advance(60);
  await relay.tell(resolved(CPU));
  assert.match(await robots.message(2), /已恢复.*HighCpuUsage/s);
  await relay.settled();
  const [ended, other] = await relay.alerts();
  assert.deepEqual([ended?.status, ended?.endsAt], ["resolved", "2026-02-12T13:51:44.000Z"]);
  assert.equal(other?.status, "firing");
});

test("the same news again is told only once it is a reminder, not a retry", async (t) => {
  const relay = await startRelay(t);
  await relay.tell(CPU);
  relay.clock.advance(29 * 60);
  assert.equal((await relay.tell(CPU)).status, 200);
  await relay.settled();
  assert.equal((await relay.notifications()).length, 1);
  assert.equal(sample(await relay.text("/metrics"), "relay_alerts_received_total"), 2);

  relay.clock.advance(31 * 60);
  await relay.tell(CPU);
  assert.equal((await relay.notifications()).length, 2);
  assert.equal((await relay.alerts()).length, 1, "one row an instance");
});

test("a second time the same alert fires is another instance, told at once", async (t) => {
  const relay = await startRelay(t);
  await relay.tell(CPU);
  await relay.tell(resolved(CPU));
  await relay.tell({ ...CPU, startsAt: "2026-02-12T13:53:00Z" });
  assert.deepEqual(
    (await relay.notifications()).map(({ status }) => status),
    ["firing", "resolved", "firing"],
  );
  assert.equal((await relay.alerts()).length, 2);
});

test("with alert_enabled = false alerts are recorded, not sent", async (t) => {
  const robots = await startRobots(t);
  const env = { WECOM_ROBOT_KEY: "k", WECOM_API_BASE: robots.url };
  const relay = await startRelay(t, { env, config: { alertEnabled: false } });
  assert.equal((await relay.tell(DOWN)).status, 200);
  const [alert] = await relay.alerts();
  assert.equal(alert?.labels.alertname, "ServiceDown");
  assert.deepEqual(alert?.notifications, []);
  assert.deepEqual(robots.messages, []);
});

suite("what is no webhook body is refused, and changes nothing", () => {
  const bodies: Record<string, unknown> = {
    "not JSON": "alerts",
    nothing: "",
    "another version": { ...webhook(CPU), version: "3" },
    "no alerts": { version: "4" },
    "one bad alert among good ones": webhook(DOWN, { ...CPU, startsAt: "yesterday" }),
    "no fingerprint": webhook({ ...CPU, fingerprint: "" }),
  };
  for (const [name, body] of Object.entries(bodies)) {
    test(name, async (t) => {
      const relay = await startRelay(t);
      for (const path of ["/alerts", "/watchdog"]) {
        assert.equal((await relay.post(path, body)).status, 400, path);
      }
      assert.deepEqual(await relay.alerts(), []);
      assert.equal(sample(await relay.text("/metrics"), "relay_alerts_received_total"), 0);
    });
  }

  test("and it is said where", async (t) => {
    const relay = await startRelay(t);
    const response = await relay.tell({ ...CPU, startsAt: "yesterday" });
    assert.deepEqual(await response.json(), {
      error: "the body is not an Alertmanager webhook of version 4, nothing was stored",
      problems: [{ field: "alerts.0.startsAt", reason: "Invalid ISO datetime" }],
    });
  });
});

test("where a token is set, it is asked for every write, and never shown", async (t) => {
  const relay = await startRelay(t, { env: { RELAY_TOKEN: "s3cret" } });
  for (const Authorization of ["", "Bearer wrong"]) {
    for (const path of ["/alerts", "/watchdog", "/api/test"]) {
      const response = await relay.post(path, webhook(CPU), { Authorization });
      assert.equal(response.status, 401, path);
      assert.doesNotMatch(await response.text(), /s3cret/);
    }
  }
  assert.deepEqual(await relay.alerts(), []);
  const right = await relay.post("/alerts", webhook(CPU), { Authorization: "Bearer s3cret" });
  assert.equal(right.status, 200);
});

test("while it cannot store it answers 503, so that Alertmanager tries again", async (t) => {
  const relay = await startRelay(t);
  const other = new DatabaseSync(join(relay.dataDir, "relay.db"));
  t.after(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const refused = await relay.tell(CPU);
  assert.equal(refused.status, 503);
  assert.deepEqual(await relay.alerts(), []);
  assert.equal(sample(await relay.text("/metrics"), "relay_alerts_received_total"), 0);

  other.exec("ROLLBACK");
  assert.equal((await relay.tell(CPU)).status, 200);
  assert.equal((await relay.alerts()).length, 1);
});

test("open to other machines without a token: refused", async (t) => {
  await assert.rejects(
    startRelay(t, { env: { HOST: "0.0.0.0" } }),
    new EnvironmentError("HOST=0.0.0.0 对其他机器开放，必须同时设置 RELAY_TOKEN"),
  );
});
