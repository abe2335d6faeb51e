import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runningProcesses, startProcess, stopProcess } from "../../scripts/stack/processes.ts";
import { mailPasswordFile, relayTokenFile, statePaths } from "../../scripts/stack/project.ts";
import { areReady, startParts } from "../../scripts/stack/starting.ts";
import { temporaryFolder } from "./support/folder.ts";
import { listen } from "./support/server.ts";

const step = { progress() {}, done() {}, fail() {} };
const report = { begin: () => step, line() {}, warn() {} };

test("Alertmanager's secrets are as the relay was started with them, also when there are none any more", async (t) => {
  const paths = statePaths(join(temporaryFolder(t), ".stack"));
  const stop = async () => {
    for (const record of runningProcesses(paths)) await stopProcess(record, paths);
  };
  t.after(stop);
  const start = (env: Record<string, string>) => {
    const command = [process.execPath, "-e", "setInterval(() => {}, 1000)"];
    const part = { name: "relay", command, cwd: process.cwd(), env, fingerprint: "", readyUrl: undefined };
    return startParts([part], paths, { report });
  };
  const mail = { EMAIL_FROM: "a@example.com", EMAIL_TO: "b@example.com" };
  await start({ ...mail, SMTP_URL: "smtp://user:p%2Fw@mail.example.com", RELAY_TOKEN: "token" });
  assert.equal(readFileSync(mailPasswordFile(paths), "utf8"), "p/w");
  assert.equal(readFileSync(relayTokenFile(paths), "utf8"), "token");
  await stop();
  await start({});
  assert.ok(!existsSync(mailPasswordFile(paths)));
  assert.ok(!existsSync(relayTokenFile(paths)));
});

test("a part that lives but is not ready in time stops the others, or is told and kept, as it is asked", async (t) => {
  const paths = statePaths(join(temporaryFolder(t), ".stack"));
  const warnings: string[] = [];
  const options = { report: { ...report, warn: (text: string) => warnings.push(text) }, patience: 300 };
  t.after(async () => {
    for (const record of runningProcesses(paths)) await stopProcess(record, paths);
  });
  const part = (name: string, program: string, readyUrl?: string) => ({
    ...{
      name,
      command: [process.execPath, "-e", program],
      cwd: process.cwd(),
      env: {},
      fingerprint: "",
      readyUrl,
    },
  });
  const lives = "setInterval(() => {}, 1000)";
  const parts = [part("relay", lives), part("exporter", lives, "http://127.0.0.1:1/-/ready")];
  await assert.rejects(startParts(parts, paths, options), /采集程序 0\.3 秒内没有就绪/);
  assert.deepEqual(runningProcesses(paths), []);

  assert.equal(await startParts(parts, paths, { ...options, keepLate: true }), false);
  assert.equal(runningProcesses(paths).length, 2);
  assert.match(warnings.join(), /采集程序 0\.3 秒内没有就绪.*它没有停，还在运行/s);

  const dying = part("prometheus", "console.log('its last words')", "http://127.0.0.1:1/-/ready");
  await assert.rejects(
    startParts([dying], paths, { ...options, patience: 60_000, keepLate: true }),
    /Prometheus 启动后就退出了。日志 .+prometheus\.log 的末尾：\nits last words$/,
  );
});

test("of what runs already, whether it is ready is asked once more, Grafana apart", async (t) => {
  const url = await listen(t, (request, response) =>
    response.writeHead(request.url === "/late" ? 503 : 200).end(),
  );
  const paths = statePaths(join(temporaryFolder(t), ".stack"));
  const { record, child } = startProcess(
    {
      name: "relay",
      command: ["sleep", "60"],
      cwd: "/",
      env: process.env as Record<string, string>,
      fingerprint: "",
      readyUrl: url,
    },
    paths,
  );
  t.after(() => child.kill("SIGKILL"));
  const warnings: string[] = [];
  const told = (...parts: [name: string, path: string][]) =>
    areReady(
      parts.map(([name, path]) => ({ ...record, name, readyUrl: url + path })),
      { ...report, warn: (text) => void warnings.push(text) },
    );
  assert.equal(await told(["relay", "/ready"], ["grafana", "/late"]), true);
  assert.deepEqual(warnings, []);
  assert.equal(await told(["relay", "/ready"], ["exporter", "/late"]), false);
  assert.deepEqual(warnings, ["采集程序 在运行，但没有就绪。原因和办法：npm run doctor"]);
});
