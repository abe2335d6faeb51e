import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fakeClock } from "./support/clock.ts";
import { fixedCollectors } from "./support/collectors.ts";
import { collected, startExporter } from "./support/exporter.ts";
import { listen } from "./support/server.ts";
import { until } from "./support/until.ts";

/** Nobody listens there. */
const NOBODY = "http://127.0.0.1:1";

interface Status {
  [key: string]: unknown;
}

suite("GET /api/status", () => {
  test("is the guide's object, key for key", async (t) => {
    const app = await listen(t, (_request, response) => response.end());
    const exporter = await startExporter(t, { config: { services: [{ name: "案件系统", url: app }] } });
    const status = await until("everything is measured", async () => {
      const answer = (await exporter.json("/api/status")) as Status;
      return Object.values(answer).every((value) => value !== null && value !== "unknown") && answer;
    });
    assert.deepEqual(
      Object.entries(status).map(([key, value]) => [key, typeof value]),
      [
        ["timestamp", "string"],
        ["monitoring_enabled", "boolean"],
        ["service_status", "string"],
        ["metrics_port", "number"],
        ["alert_enabled", "boolean"],
        ["cpu_usage", "number"],
        ["memory_usage", "number"],
        ["disk_usage", "number"],
        ["response_time", "number"],
      ],
    );
    assert.equal(status.timestamp, "2026-02-12T13:46:44.000Z");
    assert.equal(status.service_status, "up");
  });

  test("says down as soon as one service is", async (t) => {
    const exporter = await startExporter(t, { config: { services: [{ name: "案件系统", url: NOBODY }] } });
    await until(
      "down",
      async () => ((await exporter.json("/api/status")) as Status).service_status === "down",
    );
  });

  const unmeasured = {
    timestamp: "2026-02-12T13:46:44.000Z",
    monitoring_enabled: false,
    service_status: "unknown",
    metrics_port: 0,
    alert_enabled: true,
    cpu_usage: null,
    memory_usage: null,
    disk_usage: null,
    response_time: null,
  };

  test("says null for what is not measured", async (t) => {
    const exporter = await startExporter(t, { config: { enabled: false } });
    assert.deepEqual(await exporter.json("/api/status"), unmeasured);
  });

  test("after a stop says null again, not what was measured last; after a start it measures anew", async (t) => {
    const exporter = await startExporter(t, { collectors: fixedCollectors });
    const control = (action: string) => fetch(`${exporter.url}/api/monitoring/${action}`, { method: "POST" });
    await collected(exporter);
    const measured = {
      ...unmeasured,
      monitoring_enabled: true,
      service_status: "down",
      cpu_usage: 12.5,
      memory_usage: 58.1,
      disk_usage: 93.3,
      response_time: 10,
    };
    assert.deepEqual(await exporter.json("/api/status"), measured);
    await control("stop");
    assert.deepEqual(await exporter.json("/api/status"), unmeasured);
    const data = (await exporter.json("/api/monitoring")) as Record<string, Status>;
    assert.deepEqual(data.status, unmeasured);
    assert.equal(data.metrics?.system_cpu_usage_percent, undefined);
    await control("start");
    await collected(exporter);
    assert.deepEqual(await exporter.json("/api/status"), measured);
  });
});

suite("GET /api/monitoring", () => {
  test("holds status, metrics and the relay's alerts", async (t) => {
    const alerts = [{ fingerprint: "a" }];
    const relay = await listen(t, (_request, response) => response.end(JSON.stringify({ alerts })));
    const exporter = await startExporter(t, { env: { RELAY_URL: relay }, config: { enabled: false } });
    await exporter.send([{ type: "case" }, { type: "satisfaction", score: 4 }]);
    const data = (await exporter.json("/api/monitoring")) as Record<string, Status>;
    assert.deepEqual(Object.keys(data), ["status", "metrics", "alerts"]);
    for (const name of ["cases_total", "satisfaction_score_count", "satisfaction_score_sum"])
      assert.deepEqual(data.metrics?.[name], [{ labels: {}, value: name.endsWith("sum") ? 4 : 1 }], name);
    assert.deepEqual(data.alerts, alerts);
  });

  test("says null, not none, for alerts that it cannot know", async (t) => {
    const exporter = await startExporter(t, { env: { RELAY_URL: NOBODY }, config: { enabled: false } });
    assert.equal(((await exporter.json("/api/monitoring")) as Status).alerts, null);
  });
});

suite("GET /api/alerts", () => {
  test("passes the question on to the relay", async (t) => {
    const asked: (string | undefined)[] = [];
    const relay = await listen(t, (request, response) => {
      asked.push(request.url);
      response.end('{"alerts":[]}');
    });
    const exporter = await startExporter(t, { env: { RELAY_URL: relay } });
    assert.deepEqual(await exporter.json("/api/alerts?status=firing&limit=5"), { alerts: [] });
    assert.deepEqual(asked, ["/api/alerts?status=firing&limit=5"]);
  });

  test("a question that the relay refuses is the asker's mistake", async (t) => {
    const relay = await listen(t, (_request, response) =>
      response.writeHead(400).end('{"error":"invalid query"}'),
    );
    const exporter = await startExporter(t, { env: { RELAY_URL: relay } });
    const response = await fetch(`${exporter.url}/api/alerts?limit=many`);
    assert.deepEqual([response.status, await response.json()], [400, { error: "invalid query" }]);
  });
});

suite("GET /api/dashboard", () => {
  test("asks Prometheus for the last hours of every main metric, up to now", async (t) => {
    const ranges: URLSearchParams[] = [];
    const prometheus = await listen(t, (request, response) => {
      ranges.push(new URL(request.url ?? "", NOBODY).searchParams);
      const values = [
        [1770818404, "12"],
        [1770818419, "NaN"],
      ];
      const result = [{ metric: { __name__: "x", instance: "a" }, values }];
      response.end(JSON.stringify({ status: "success", data: { resultType: "matrix", result } }));
    });
    const exporter = await startExporter(t, { env: { PROMETHEUS_URL: prometheus } });
    const { metrics, ...span } = (await exporter.json("/api/dashboard?duration=1")) as Status;
    const now = fakeClock().now() / 1000;
    assert.deepEqual(span, { duration: 1, start: now - 3600, end: now, step: 15 });
    assert.deepEqual(Object.values(metrics as Status)[0], [
      {
        labels: { instance: "a" },
        points: [
          [1770818404, 12],
          [1770818419, null],
        ],
      },
    ]);
    assert.deepEqual(Object.keys(metrics as Status).length, ranges.length);
    assert.ok(ranges.every((range) => range.get("end") === String(now)));
  });

  test("says that Prometheus does not answer, and where", async (t) => {
    const exporter = await startExporter(t, { env: { PROMETHEUS_URL: NOBODY } });
    const response = await fetch(`${exporter.url}/api/dashboard`);
    assert.equal(response.status, 502);
    const { error } = (await response.json()) as { error: string };
    assert.match(error, /^Prometheus does not answer at http:\/\/127\.0\.0\.1:1: /);
  });

  test("a query that Prometheus gives up is not the asker's mistake: 502 with its reason", async (t) => {
    const prometheus = await listen(t, (_request, response) =>
      response.writeHead(422).end('{"status":"error","error":"query timed out"}'),
    );
    const exporter = await startExporter(t, { env: { PROMETHEUS_URL: prometheus } });
    const response = await fetch(`${exporter.url}/api/dashboard`);
    assert.deepEqual(
      [response.status, await response.json()],
      [502, { error: "Prometheus answers HTTP 422: query timed out" }],
    );
  });

  test("a password in the address goes into a header, as fetch would refuse it", async (t) => {
    const asked = new Set<string | undefined>();
    const prometheus = await listen(t, (request, response) => {
      asked.add(request.headers.authorization);
      response.end('{"data":{"result":[]}}');
    });
    const address = prometheus.replace("//", "//律师:p%40ss%25@");
    const exporter = await startExporter(t, { env: { PROMETHEUS_URL: address } });
    assert.equal((await fetch(`${exporter.url}/api/dashboard`)).status, 200);
    assert.deepEqual([...asked], [`Basic ${Buffer.from("律师:p@ss%").toString("base64")}`]);
  });

  test("refuses a duration that is not 1 to 744 whole hours", async (t) => {
    const exporter = await startExporter(t, { env: { PROMETHEUS_URL: NOBODY } });
    for (const duration of ["0", "745", "1.5", "day", "", "-1", "0x10", "5&duration=6"]) {
      const response = await fetch(`${exporter.url}/api/dashboard?duration=${duration}`);
      assert.equal(response.status, 400, duration);
    }
  });
});

suite("other pages", () => {
  test("it is healthy and ready, and knows no other routes", async (t) => {
    const exporter = await startExporter(t);
    assert.deepEqual([await exporter.text("/-/healthy"), await exporter.text("/-/ready")], ["OK\n", "OK\n"]);
    assert.equal((await fetch(`${exporter.url}/admin`)).status, 404);
  });

  test("a runbook that does not exist is not found, and nothing is said of this machine", async (t) => {
    const exporter = await startExporter(t);
    const response = await fetch(`${exporter.url}/runbooks/NoSuchAlert`);
    assert.equal(response.status, 404);
    assert.doesNotMatch(await response.text(), /docs/);
  });
});
