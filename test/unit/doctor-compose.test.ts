import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseEnv } from "node:util";
import { readConfigFile } from "../../config/config.ts";
import { publicUrls, readPorts } from "../../scripts/stack/addresses.ts";
import { memoryFile } from "../../scripts/stack/compose-cli.ts";
import { readExpected } from "../../scripts/stack/expected.ts";
import { VERSIONS } from "../../scripts/stack/releases.ts";
import { renderCompose } from "../../scripts/stack/render-compose.ts";
import { startWecomServer } from "../helpers/wecom-server.ts";
import { type Clone, cloneCheckout } from "./support/checkout-commands.ts";
import { temporaryFolder } from "./support/folder.ts";
import { listen } from "./support/server.ts";
import { serverDouble, shown } from "./support/server-doubles.ts";

/** What the stand-in for docker says, by what its arguments hold. */
type Docker = [argument: string, answer: string][];

/** What the doctor has executed in the relay's container, executed here, in the clone. */
const INSIDE = "compose exec -T relay node scripts/doctor/inside.ts";

/** The first that fits answers; anything else is refused, as the real one does. */
function installDocker(clone: Clone, answers: Docker): void {
  const cases = answers.map(([argument, answer]) => `*'${argument}'*) cat <<'END'\n${answer}\nEND\n;;`);
  cases.push(`'${INSIDE}'*) shift 5; exec ${process.execPath} "$@";;`);
  const otherwise = `*) echo "unexpected: $*" >&2; exit 1;;`;
  const script = `#!/bin/sh\necho "$*" >> ${join(clone.folder, "asked")}\ncase "$*" in\n${[...cases, otherwise].join("\n")}\nesac\n`;
  clone.addProgram("docker", script);
}

/** All parts answer at one address: what the double of Prometheus does not know. */
const ANSWERS: Record<string, unknown> = {
  "/-/ready": "OK",
  "/api/health": { version: VERSIONS.grafana },
  "/api/status": { monitoring_enabled: true },
  "/api/v1/alertmanagers": {
    data: { activeAlertmanagers: [{ url: "http://alertmanager:9093/api/v2/alerts" }] },
  },
  "/api/v1/status/buildinfo": { data: { version: VERSIONS.prometheus } },
  "/api/v1/status/tsdb": { data: { headStats: { maxTime: 0 } } },
  "/api/v2/alerts": [],
  "/api/v2/silences": [],
  "/api/v2/status": { versionInfo: { version: VERSIONS.alertmanager } },
};

const inside = (text: string) => JSON.stringify({ status: 200, text, date: Date.now() });

/** The containers of a healthy stack, and what they answer. */
async function startContainers(t: TestContext, clone: Clone): Promise<Docker> {
  const { config, text } = readConfigFile(join(clone.folder, "config/config.ini"));
  const env = parseEnv(readFileSync(join(clone.folder, ".env"), "utf8"));
  const urls = publicUrls(config, env, readPorts(config, env));
  const options = { project: clone.folder, out: temporaryFolder(t), config, configText: text, env };
  const { folder, hash } = renderCompose({ ...options, publicUrls: urls });
  const double = serverDouble(shown(readExpected(folder)));
  const ready = await listen(t, (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://part");
    const answer = ANSWERS[pathname];
    return answer ? response.end(JSON.stringify(answer)) : double(request, response);
  });
  const port = Number(new URL(ready).port);
  const container = (Service: string, PublishedPort: number) => ({
    ID: `id-${Service}`,
    Service,
    State: "running",
    Health: "healthy",
    ExitCode: 0,
    Publishers: [{ PublishedPort }],
  });
  const containers = [
    container("relay", 0),
    ...["alertmanager", "exporter", "prometheus", "grafana"].map((name) => container(name, port)),
    { ...container("init", 0), State: "exited", Health: "" },
  ];
  return [
    ["ps --all --quiet", "id"],
    ["version --format", "28.2.2"],
    ["compose version", "2.40"],
    ["compose ps", containers.map((one) => JSON.stringify(one)).join("\n")],
    [
      "inspect",
      containers
        .slice(1)
        .map(() => new Date(Date.now() - 3600_000).toISOString())
        .join("\n"),
    ],
    ["readlink /rendered/current", hash],
    ["df -Pk", "Filesystem 1024-blocks Used Available\n/dev/vda 100000000 1 99999999 1% /prometheus"],
    ["exec -T relay node -e", inside("relay_watchdog_age_seconds 30\n")],
  ];
}

const SETTINGS = { EXPORTER_TOKEN: "e", RELAY_TOKEN: "r", GRAFANA_ADMIN_PASSWORD: "g" };

async function look(clone: Clone): Promise<string[]> {
  const { out, error } = await clone.run("doctor.ts", "--json");
  assert.equal(error, "");
  const { findings } = JSON.parse(out) as { findings: Record<string, string>[] };
  return findings.map(({ level, what }) => `${level}: ${what}`);
}

test("a stack in containers: what the engine says, what is published, and the relay from inside", async (t) => {
  const clone = cloneCheckout(t, SETTINGS);
  const docker = await startContainers(t, clone);
  installDocker(clone, docker);
  const told = await look(clone);
  for (const line of [
    "ok: 用 Docker 28.2.2 运行",
    "ok: 告警转发 正常",
    "ok: Prometheus 正常",
    "ok: 心跳 30 秒前到过告警转发",
    "ok: Alertmanager 用的就是现在的配置",
    "ok: Prometheus 用的就是现在的配置",
    `ok: Grafana ${VERSIONS.grafana}`,
  ]) {
    assert.ok(told.includes(line), `${line}\n${told.join("\n")}`);
  }
  const asked = readFileSync(join(clone.folder, "asked"), "utf8").match(/^}\);.*GET$/gm) ?? [];
  assert.ok(asked.length > 2, "the relay is asked from inside");
  assert.deepEqual(asked, [...new Set(asked)], "each question once");
  const config = join(clone.folder, "config/config.ini");
  writeFileSync(
    config,
    readFileSync(config, "utf8").replace("alert_threshold_cpu = 80", "alert_threshold_cpu = 70"),
  );
  assert.ok((await look(clone)).includes("problem: 改了没有生效：config.ini、.env 或规则"));
});

test("daily backups in a container are told by the names and sizes in its folder", async (t) => {
  const clone = cloneCheckout(t, SETTINGS);
  const config = join(clone.folder, "config/config.ini");
  writeFileSync(config, readFileSync(config, "utf8").replace("backup_keep = 0", "backup_keep = 7"));
  const added: Record<string, string> = {
    "compose ps": `\n${JSON.stringify({ ID: "id-backup", Service: "backup", State: "running", Health: "", ExitCode: 0, Publishers: [] })}`,
    inspect: `\n${new Date(0).toISOString()}`,
  };
  const docker = (await startContainers(t, clone)).map(([argument, answer]): Docker[number] => [
    argument,
    answer + (added[argument] ?? ""),
  ]);
  const folder = `total 8
-rw-r----- 1 65534 0    0 Jan  1  2026 daily-20260101-030000.tar.gz
-rw-r----- 1 65534 0 1234 Jan  2  2026 daily-20260102-030000.tar.gz
-rw-r----- 1 65534 0 1234 Jan  3  2026 daily-29991231-030000.tar.gz`;
  installDocker(clone, [["exec -T backup ls -ln /backups", folder], ...docker]);
  const told = await look(clone);
  for (const line of [
    "problem: 该做的每日备份没有做成，最近一次是 daily-20260102-030000.tar.gz",
    "problem: 每日备份是空文件：daily-20260101-030000.tar.gz",
    "hint: 每日备份的时间在将来：daily-29991231-030000.tar.gz",
  ])
    assert.ok(told.includes(line), `${line}\n${told.join("\n")}`);
});

test("WeCom and the mail server are asked from inside, by .env as it is now, and no secret is on a command line", async (t) => {
  const wecom = await startWecomServer(["robot-secret"]);
  t.after(() => wecom.close());
  const settings = { WECOM_ROBOT_KEY: "robot-secret", WECOM_API_BASE: wecom.url };
  const clone = cloneCheckout(t, { ...SETTINGS, ...settings });
  const docker = await startContainers(t, clone);
  installDocker(clone, docker);
  const told = await look(clone);
  assert.ok(told.includes("ok: 企业微信没有拒绝群机器人的 key（没有发消息）"), told.join("\n"));
  const asked = readFileSync(join(clone.folder, "asked"), "utf8");
  const inside = asked.split("\n").filter((line) => line.startsWith(INSIDE));
  assert.deepEqual(inside, [`${INSIDE} wecom mail clock`], "once for all");
  assert.doesNotMatch(asked, /robot-secret/);

  for (const [answer, why] of [
    ["not JSON", "从告警转发的容器里没有查成；刚升级过的，先执行 npm start"],
    ["{}", "8 秒没有查完"],
  ] as const) {
    installDocker(clone, [[INSIDE, answer], ...docker]);
    const { out } = await clone.run("doctor.ts", "--json");
    const { findings } = JSON.parse(out) as { findings: { what: string; why?: string }[] };
    for (const name of ["企业微信", "与外面的时间相比"])
      assert.equal(findings.find(({ what }) => what === name)?.why, why, out);
    assert.match(out, /"level":"ok","what":"[^"]*时区/, "the rest of a check stays");
  }
});

test("what of .env the containers do not have yet is told by its name", async (t) => {
  const clone = cloneCheckout(t, SETTINGS);
  const docker = await startContainers(t, clone);
  const config = (environment: object) =>
    JSON.stringify({ services: { relay: { environment }, grafana: {} } });
  const before = { WECOM_ROBOT_KEY: "secret-1", EMAIL_TO: null, LOG_LEVEL: "info", RETENTION_DAYS: "90" };
  const now = { ...before, WECOM_ROBOT_KEY: "secret-2", EMAIL_TO: "", NEW: "", RETENTION_DAYS: "30" };
  installDocker(clone, [["compose config", config(now)], ...docker]);
  assert.ok((await look(clone)).includes("ok: Prometheus 用的就是现在的配置"), "nothing is remembered");
  writeFileSync(memoryFile(clone.folder), config(before));
  const told = await look(clone);
  assert.ok(told.includes("problem: 改了没有生效：.env：WECOM_ROBOT_KEY"), told.join("\n"));
});

test("a proxy that is none is told, and keeps nobody from looking at what runs", async (t) => {
  const clone = cloneCheckout(t, { ...SETTINGS, HTTPS_PROXY: "http://" });
  installDocker(clone, await startContainers(t, clone));
  const told = await look(clone);
  const line = "problem: 环境变量 HTTPS_PROXY：应为 HTTP 代理的地址，例如 http://proxy.example.com:3128";
  assert.ok(told.includes(line), told.join("\n"));
  assert.ok(told.includes("ok: 告警转发 正常"), told.join("\n"));
  assert.match((await clone.run("status.ts", "--json")).out, /"runtime":"compose"/);
  assert.equal((await clone.run("alerts.ts", "--json")).code, 0);
});

test("a container that is ill, one that exited, and a relay that does not answer", async (t) => {
  const clone = cloneCheckout(t, SETTINGS);
  const docker = await startContainers(t, clone);
  const states: Docker = docker.map(([argument, answer]) => [
    argument,
    argument === "compose ps"
      ? answer
          .replace(/("id-exporter".*?)"healthy"/, '$1"unhealthy"')
          .replace(/("id-grafana".*?)"running"/, '$1"exited"')
      : answer,
  ]);
  installDocker(
    clone,
    states.filter(([argument]) => !argument.startsWith("exec")),
  );
  const told = await look(clone);
  assert.ok(told.includes("problem: 采集程序 还没有就绪（容器的健康检查没有通过）"), told.join("\n"));
  assert.ok(told.includes("problem: Grafana 意外停了"), told.join("\n"));
  assert.ok(told.includes("unchecked: Grafana 的版本"), told.join("\n"));
  assert.ok(told.includes("problem: 告警转发 在运行，但没有应答"), told.join("\n"));
  const exited = states.map(([argument, answer]): Docker[number] => [
    argument,
    answer.replace(/("id-(?:relay|exporter)".*?)"running"/g, '$1"exited"'),
  ]);
  installDocker(
    clone,
    exited.filter(([argument]) => !argument.startsWith("readlink")),
  );
  const { out } = await clone.run("doctor.ts");
  assert.match(out, /❔ 没有查：.*采集开关.*（采集程序 没有在运行）/);
  assert.match(out, /❔ 没有查：.*配置是否生效（容器没有应答）/);
});
