import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { createMonitoringClient } from "../../client/client.ts";
import * as api from "../../client/index.ts";
import { PROJECT } from "../../scripts/stack/project.ts";
import { freePorts } from "../helpers/ports.ts";
import { TIMING } from "./support/client.ts";
import { sample, startExporter } from "./support/exporter.ts";
import { listen } from "./support/server.ts";

const exec = promisify(execFile);
/** The children's clock is the machine's. */
const CLOCK = { now: Date.now };
const NOWHERE = `http://127.0.0.1:${(await freePorts(1))[0]}`;

test("what the exporter knows can be read, and measuring stopped and started", async (t) => {
  const exporter = await startExporter(t, { clock: CLOCK, env: { EXPORTER_TOKEN: "s3cret" } });
  process.env.MONITORING_URL = exporter.url;
  process.env.EXPORTER_TOKEN = "s3cret";
  const errors: api.MonitoringError[] = [];
  // Made with the environment as it is now, not as it was when the module was imported.
  api.recordSatisfaction({ score: 5 });
  assert.equal(await api.startMonitoring({ onError: (error) => errors.push(error) }), true);
  assert.equal((await api.systemMonitor.getSystemStatus())?.monitoring_enabled, true);
  api.recordMessage({ outcome: "ok" });
  assert.equal(await api.stopMonitoring(), true);

  const data = await api.systemMonitor.getMonitoringData();
  assert.equal(data?.status.monitoring_enabled, false);
  assert.deepEqual(data?.metrics.wecom_messages_total, [{ labels: {}, value: 1 }]);
  assert.deepEqual(data?.metrics.satisfaction_score_sum, [{ labels: {}, value: 5 }]);
  assert.equal(data?.alerts, null);
  assert.deepEqual(errors, []);

  assert.equal(await api.getDashboardData({ duration: 0 }), undefined);
  assert.match(
    errors.map(({ message }) => message).join(),
    /: duration must be a whole number of hours, 1 to 744$/,
  );
  await api.startMonitoring({ url: NOWHERE });
  assert.equal(await api.systemMonitor.getSystemStatus(), undefined);
  assert.equal(await api.startMonitoring(), false);
  assert.deepEqual(
    errors.map(({ kind }) => kind),
    ["refused", "unreachable", "unreachable", "unreachable"],
  );
});

test("the dashboard's hours are Prometheus's", async (t) => {
  const asked: string[] = [];
  const prometheus = await listen(t, (request, response) => {
    asked.push(new URL(request.url ?? "", "http://localhost").searchParams.get("query") ?? "");
    response.end(JSON.stringify({ data: { result: [{ metric: {}, values: [[1, "2"]] }] } }));
  });
  const exporter = await startExporter(t, { env: { PROMETHEUS_URL: prometheus } });
  const client = createMonitoringClient({ env: { MONITORING_URL: exporter.url }, timing: TIMING });
  const data = await client.getDashboardData({ duration: 2 });
  assert.equal(data?.duration, 2);
  assert.deepEqual(data?.metrics.cases_total, [{ labels: {}, points: [[1, 2]] }]);
  assert.ok(asked.includes("sum(cases_total)"));
});

suite("whatever the host does", () => {
  /** Anything, and what fights back when it is looked at. */
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withSparseArray: true }),
    fc.constant(Symbol("argument")),
    fc.constant(new Proxy({}, { get: () => assert.fail("looked at") })),
    fc.record(
      Object.fromEntries(
        ["url", "token", "onError", "maxWaiting", "duration", "timeoutSeconds"]
          .concat("outcome", "durationSeconds", "score", "id", "at")
          .map((name) => [name, fc.oneof(fc.anything(), fc.constant(Symbol("field")))]),
      ),
      { requiredKeys: [] },
    ),
    fc.constantFrom(
      { onError: () => assert.fail("onError throws") },
      { onError: () => Promise.reject(new Error("onError rejects")), url: "ftp://host" },
      // biome-ignore lint/suspicious/noThenProperty: what a host may do by mistake
      { onError: () => ({ then: () => assert.fail("then throws") }), maxWaiting: 0 },
      { timeoutSeconds: 0 },
    ),
  );

  test("nothing throws, nothing rejects", async (t) => {
    const exporter = await startExporter(t, { clock: CLOCK });
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on("unhandledRejection", note);
    t.after(() => process.off("unhandledRejection", note));
    const env = { MONITORING_URL: exporter.url };
    const names = Object.keys(createMonitoringClient({ env })) as (keyof ReturnType<
      typeof createMonitoringClient
    >)[];
    assert.equal(names.length, 11);
    for (const name of names) {
      await fc.assert(
        fc.asyncProperty(anything, anything, async (first, second) => {
          const client = createMonitoringClient({ env, timing: TIMING });
          void client.startMonitoring({ onError: () => assert.fail("onError throws") });
          await (client[name] as (...args: unknown[]) => unknown)(first, second);
          client.recordCase();
          await (client[name] as (...args: unknown[]) => unknown)(first);
        }),
        { numRuns: 60 },
      );
    }
    assert.deepEqual(rejections, []);
  });

  test("an onError that makes the mistake it is told of ends", async () => {
    const client = createMonitoringClient({ env: { MONITORING_URL: NOWHERE }, timing: TIMING });
    let told = 0;
    const again = () => {
      told++;
      client.recordSatisfaction({ score: 0 });
    };
    await client.startMonitoring({ onError: again });
    told = 0;
    client.recordSatisfaction({ score: 0 });
    assert.equal(told, 1);
  });
});

suite("a process that ends", () => {
  /** Runs a script that imports the client. @returns what it printed to stderr */
  async function run(code: string, url: string): Promise<string> {
    const client = JSON.stringify(join(PROJECT, "client/index.ts"));
    const script = `import * as monitoring from ${client}; ${code}`;
    const env = { ...process.env, MONITORING_URL: url, EXPORTER_TOKEN: "" };
    const { stderr } = await exec(process.execPath, ["--input-type=module", "-e", script], {
      env,
      timeout: 20_000,
    });
    return stderr;
  }

  async function startCounting(t: TestContext) {
    const exporter = await startExporter(t, { clock: CLOCK });
    return {
      url: exporter.url,
      cases: async () => sample(await exporter.text("/metrics"), "cases_total"),
    };
  }

  test("sends what waits first", async (t) => {
    const { url, cases } = await startCounting(t);
    const stderr = await run("for (let i = 0; i < 1234; i++) monitoring.recordCase()", url);
    assert.equal(stderr, "");
    assert.equal(await cases(), 1234);
  });

  test("sends nothing twice, and what comes later too", async (t) => {
    const { url, cases } = await startCounting(t);
    const more = "process.once('beforeExit', () => setTimeout(() => monitoring.recordCase(), 10))";
    await run(`monitoring.recordCase(); ${more}`, url);
    assert.equal(await cases(), 2);
  });

  test("is not held by an exporter that is away: it says what is lost", async () => {
    const begin = performance.now();
    const stderr = await run("monitoring.recordCase(); await monitoring.startMonitoring()", NOWHERE);
    assert.match(stderr, /MonitoringError: the exporter does not answer at http:\/\/127\.0\.0\.1:\d+: .+/);
    assert.match(stderr, /MonitoringError: events lost, as the process ends before they could be sent: 1/);
    assert.ok(performance.now() - begin < 4000, "waited for a retry");
  });

  test("nor by a full queue: it says how many found no room", async () => {
    const begin = performance.now();
    const start = "void monitoring.startMonitoring({ maxWaiting: 1 })";
    const stderr = await run(`${start}; for (let i = 0; i < 4; i++) monitoring.recordCase()`, NOWHERE);
    assert.match(stderr, /MonitoringError: 3 events were lost: 1 wait for the exporter already/);
    assert.ok(performance.now() - begin < 4000, "waited for the next report");
  });

  test("nor for long by one that does not answer", async (t) => {
    const url = await listen(t, () => {});
    const begin = performance.now();
    const stderr = await run("monitoring.recordCase()", url);
    assert.match(stderr, /events lost, as the process ends before they could be sent: 1/);
    // Half of the time that an answer has otherwise.
    const took = performance.now() - begin;
    assert.ok(took > 4900 && took < 9500, `${took} ms`);
  });

  test("waits for a flush, that has an end", async () => {
    const code = "monitoring.recordCase(); console.error(await monitoring.flush({ timeoutSeconds: 0.2 }))";
    assert.match(await run(code, NOWHERE), /^false$/m);
  });

  test("importing does nothing", async () => {
    const active = "console.error(process.listenerCount('beforeExit'), process.getActiveResourcesInfo())";
    const stderr = await run(active, "not an address");
    assert.equal(stderr, "0 []\n");
  });
});
