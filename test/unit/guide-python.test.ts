import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { guideCode } from "../helpers/guide.ts";
import { interfere, startAbsentExporter } from "./support/client.ts";
import { sample, startExporter, type TestExporter } from "./support/exporter.ts";
import { temporaryFolder } from "./support/folder.ts";
import { listen } from "./support/server.ts";

const exec = promisify(execFile);
/** Python's clock is the machine's. */
const CLOCK = { now: Date.now };
const [MODULE = "", EXAMPLE = "", ...others] = guideCode("python");

const { status } = spawnSync("python3", ["-c", "import requests"]);
const options = { skip: status !== 0 && "python3 with requests is not installed (Debian: python3-requests)" };

/** Runs a script beside the guide's module. */
function run(t: TestContext, script: string, url: string) {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "monitoring.py"), MODULE);
  writeFileSync(join(folder, "app.py"), script);
  const env = { ...process.env, MONITORING_URL: url, EXPORTER_TOKEN: "s3cret", PYTHONDONTWRITEBYTECODE: "1" };
  return exec("python3", ["app.py"], { cwd: folder, env, timeout: 60_000 });
}

async function counts({ text }: TestExporter): Promise<(number | undefined)[]> {
  const scrape = await text("/metrics");
  const names = [
    "wecom_messages_total",
    "wecom_messages_errors_total",
    "wecom_message_processing_seconds_sum",
    "consultations_total",
    "cases_total",
    "average_satisfaction_score",
  ];
  return names.map((name) => sample(scrape, name));
}

test("the guide has a Python module and an example, and no other Python", options, () => {
  assert.ok(MODULE.includes("def record_message("));
  assert.ok(EXAMPLE.includes("import monitoring\n"));
  assert.deepEqual(others, []);
});

test("the example reports every type of event, and reads", options, async (t) => {
  const result = { status: "success", data: { resultType: "matrix", result: [] } };
  const prometheus = await listen(t, (_request, response) => response.end(JSON.stringify(result)));
  const relay = await listen(t, (_request, response) => response.end('{"alerts":[{"status":"firing"}]}'));
  const env = { EXPORTER_TOKEN: "s3cret", PROMETHEUS_URL: prometheus, RELAY_URL: relay };
  const exporter = await startExporter(t, { env, clock: CLOCK });
  const { stdout, stderr } = await run(t, EXAMPLE, exporter.url);
  assert.deepEqual(await counts(exporter), [2, 1, 0.42, 1, 1, 4.5]);
  assert.match(stdout, /^(up|unknown)\n\[\]\n\[\{'status': 'firing'\}\]\n$/);
  assert.equal(stderr, "");
});

test("starting and stopping", options, async (t) => {
  const exporter = await startExporter(t, { env: { EXPORTER_TOKEN: "s3cret" }, clock: CLOCK });
  const script =
    "import monitoring as m\nprint(m.stop_monitoring(), m.get_system_status()['monitoring_enabled'])";
  const { stdout } = await run(t, `${script}\nprint(m.start_monitoring())`, exporter.url);
  assert.equal(stdout, "True False\nTrue\n");
});

test("the exporter comes late: everything is counted once", options, async (t) => {
  const absent = await startAbsentExporter(t, { env: { EXPORTER_TOKEN: "s3cret" }, clock: CLOCK });
  const script =
    "import monitoring\nfor _ in range(1234): monitoring.record_case()\nprint(monitoring.flush(30))";
  const running = run(t, script, absent.url);
  await once(running.child.stderr ?? assert.fail(), "data");
  const exporter = await absent.comeBack();
  const { stdout, stderr } = await running;
  assert.equal(stdout, "True\n");
  assert.match(stderr, /监控：没有收下 \d+ 个事件，稍后重发：.*Connection refused/);
  assert.equal((await counts(exporter))[4], 1234);
});

test("the answer is lost after the commit: counted once", options, async (t) => {
  const exporter = await startExporter(t, { clock: CLOCK });
  let cuts = 0;
  const proxy = await interfere(t, exporter, async (_events, forward, request, response) => {
    const answer = await forward();
    if (cuts++ === 0) request.socket.destroy();
    else response.writeHead(answer.status).end(answer.text);
  });
  await run(t, "import monitoring\nmonitoring.record_case()\nmonitoring.flush(30)", proxy);
  assert.equal(cuts, 2);
  assert.equal((await counts(exporter))[4], 1);
});

test("bad events among good ones, and what is no JSON, are named; the rest counts", options, async (t) => {
  const exporter = await startExporter(t, { env: { EXPORTER_TOKEN: "s3cret" }, clock: CLOCK });
  const script = [
    "import monitoring as m",
    "m.record_case()",
    "m.record_message('fine', id='bad-outcome')",
    "m.record_satisfaction(float('nan'))",
    "m.record_satisfaction(object())",
    "m.record_case()",
  ];
  const { stderr } = await run(t, script.join("\n"), exporter.url);
  assert.equal((await counts(exporter))[4], 2);
  assert.match(stderr, /监控：不接受 1 个事件：400 .*outcome/);
  assert.equal(stderr.match(/事件写错了，没有记下/g)?.length, 2);
});
