import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runningProcesses, stopProcess } from "../../scripts/stack/processes.ts";
import { mailPasswordFile, relayTokenFile, statePaths } from "../../scripts/stack/project.ts";
import { startParts } from "../../scripts/stack/starting.ts";
import { temporaryFolder } from "./support/folder.ts";

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
  assert.match(warnings.join(), /采集程序 0\.3 秒内没有就绪.*它留着运行/s);

  const dying = part("prometheus", "console.log('its last words')", "http://127.0.0.1:1/-/ready");
  await assert.rejects(
    startParts([dying], paths, { ...options, patience: 60_000, keepLate: true }),
    /Prometheus 启动后就退出了。日志 .+prometheus\.log 的末尾：\nits last words$/,
  );
});
