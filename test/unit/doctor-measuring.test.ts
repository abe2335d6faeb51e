import assert from "node:assert/strict";
import { existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { backupCheck } from "../../scripts/doctor/backup.ts";
import { clockCheck } from "../../scripts/doctor/clock.ts";
import { collectorsCheck } from "../../scripts/doctor/collectors.ts";
import { diskCheck } from "../../scripts/doctor/disk.ts";
import { inForceCheck } from "../../scripts/doctor/in-force.ts";
import { measuringCheck } from "../../scripts/doctor/measuring.ts";
import { planApply } from "../../scripts/doctor/plan.ts";
import { targetsCheck } from "../../scripts/doctor/targets.ts";
import { SERVICE_STATE } from "../../scripts/service/names.ts";
import type { PartState, StackView } from "../../scripts/stack/view.ts";
import { temporaryFolder } from "./support/folder.ts";
import { listen } from "./support/server.ts";
import { findings, testView } from "./support/view.ts";

const NOW = Date.parse("2026-02-12T13:46:44Z");

const target = (job: string, changes: object = {}) => ({
  labels: { job, instance: "localhost:1234" },
  health: "up",
  lastError: "",
  lastScrape: "2026-02-12T13:46:30Z",
  ...changes,
});

async function targetsFindings(t: TestContext, activeTargets: object[], options: object = {}) {
  const answers = { prometheus: { "/api/v1/targets": { data: { activeTargets } } } };
  return findings(targetsCheck, await testView(t, { answers, now: NOW, ...options }));
}

test("targets: up, down with Prometheus's reason, not scraped lately, none", async (t) => {
  assert.deepEqual(await targetsFindings(t, [target("relay"), target("prometheus")]), [
    "ok: 2 个抓取目标都取得到数据",
  ]);
  assert.deepEqual(
    await targetsFindings(t, [
      target("relay"),
      target("wecom_legal_service", { health: "down", lastError: "connection refused" }),
      target("grafana", { lastScrape: "2026-02-12T13:40:00Z" }),
    ]),
    [
      "problem: Prometheus 取不到 localhost:1234（wecom_legal_service）的数据 | 它说：connection refused | 试：curl -sS http://localhost:1234/metrics | head -3；地址不对就改 prometheus/targets/wecom_legal_service.yml，再 npm run apply",
      "problem: localhost:1234（grafana）的数据是 404 秒前的 | 应该每 15 秒取一次，页面上的数字是旧的 | 看机器是否过忙、时间是否改过：uptime、date",
    ],
  );
  const down = target("relay", { health: "down", lastError: "no" });
  const change = (view: StackView) => {
    view.runtime = { kind: "compose", version: "28", parts: {} };
  };
  assert.match(
    (await targetsFindings(t, [down], { change }))[0] ?? "",
    /试：docker compose exec prometheus wget -qO- http:\/\/localhost:1234\/metrics \| head -3；/,
  );
  assert.match((await targetsFindings(t, []))[0] ?? "", /^problem: Prometheus 什么都不抓取 /);
  const dead = target("wecom_legal_service", { health: "down", lastError: "connection refused" });
  assert.deepEqual(await targetsFindings(t, [target("relay"), dead], { dead: ["exporter"] }), [
    "ok: 1 个抓取目标都取得到数据",
  ]);
});

test("a part that was just started is not judged by what Prometheus saw before", async (t) => {
  const down = target("relay", { health: "down", lastError: "connection refused" });
  const change = ({ runtime }: StackView) => {
    const { relay } = (runtime as { parts: Record<string, PartState> }).parts;
    Object.assign(relay ?? {}, { since: NOW - 10_000 });
  };
  assert.deepEqual(await targetsFindings(t, [down], { change }), [
    "unchecked: 抓取 localhost:1234（relay） | 告警转发 刚启动，一分钟后再查",
  ]);
});

test("measuring: on, switched off in config.ini, stopped by somebody", async (t) => {
  const told = async (isOn: boolean, enabled: boolean) => {
    const answers = { exporter: { "/api/status": { monitoring_enabled: isOn } } };
    return findings(measuringCheck, await testView(t, { answers, config: { enabled } }));
  };
  assert.deepEqual(await told(true, true), ["ok: 正在采集"]);
  assert.deepEqual(await told(false, false), [
    "hint: 采集关着：config.ini 里 enabled = false | 主机和服务的数字不会变，也不会告警 | 改成 enabled = true，再执行 npm run apply",
  ]);
  assert.deepEqual(await told(false, true), [
    "problem: 采集被暂停了 | 主机和服务的数字不会变，也不会告警 | 在管理页面点“启动监控”，或者 npm stop 再 npm start",
  ]);
});

test("what the exporter cannot get, and events that it cannot keep", async (t) => {
  const tell = async (metrics: string) =>
    findings(collectorsCheck, await testView(t, { answers: { exporter: { "/metrics": metrics } } }));
  const told = async (...failing: string[]) => {
    const lines = ["cpu", "disk", "events"].map(
      (name) => `monitoring_collector_success{collector="${name}"} ${failing.includes(name) ? 0 : 1}\n`,
    );
    return tell(lines.join(""));
  };
  const none = "unchecked: 各项数据 | 刚启动，或者采集被停止了";
  assert.deepEqual(await tell('monitoring_collector_success{collector="events"} 1\n'), [none]);
  assert.deepEqual(await told(), ["ok: 各项数据都取得到，业务事件都存得下"]);
  const [disk = "", events = ""] = await told("disk", "events");
  assert.equal(
    disk,
    "problem: 取不到数据：磁盘 | 它出了问题可能不会告警 | 看 docs/runbooks/CollectorFailing.md",
  );
  assert.match(events, /^problem: 业务事件无法保存，应用上报的被拒收（503） \| .* \| df -h \. 看空间/);
});

const SET_CLOCK = "校准时间：timedatectl set-ntp true，再看 timedatectl status";
const tsdb = (maxTime: number) => ({ "/api/v1/status/tsdb": { data: { headStats: { maxTime } } } });

test("clocks that agree", async (t) => {
  const config = { timezone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  const exporter = { "/-/ready": "OK" };
  const view = await testView(t, { config, answers: { exporter, prometheus: tsdb(Date.now()) } });
  assert.deepEqual(await findings(clockCheck, view), [`ok: 时区 ${config.timezone}`, "ok: 各部分的时间一致"]);
});

test("a part whose clock is wrong, and samples of the future", async (t) => {
  const now = Date.now();
  const exporter = { "/-/ready": "OK" };
  const slow = await testView(t, { answers: { exporter, prometheus: tsdb(now + 600_000) }, now });
  slow.clock = { now: () => now + 120_000 };
  // An HTTP date is cut to whole seconds.
  const told = (await findings(clockCheck, slow)).map((line) => line.replace("慢 121 秒", "慢 120 秒"));
  assert.deepEqual(told.slice(0, 3), [
    `problem: 采集程序 的时间慢 120 秒 | 曲线会断，告警会早报、晚报或不报 | ${SET_CLOCK}`,
    `problem: Prometheus 的时间慢 120 秒 | 曲线会断，告警会早报、晚报或不报 | ${SET_CLOCK}`,
    `problem: 最新的监控数据在 480 秒以后 | 机器的时间被往回调过，追上之前不会有新数据 | ${SET_CLOCK}`,
  ]);
});

test("this machine's clock against WeCom's, however its key is given and its address is written", async (t) => {
  const date = new Date(NOW - 300_000).toUTCString();
  const url = await listen(t, (_, response) => void response.setHeader("Date", date).end());
  const file = join(temporaryFolder(t), "key");
  writeFileSync(file, "k");
  const wrong = `problem: 这台机器的时间快 300 秒（与企业微信比） | 消息里的时间、今日消息数都不对 | ${SET_CLOCK}`;
  const told = async (env: Record<string, string>) => {
    const found = await findings(clockCheck, await testView(t, { env, now: NOW }));
    return found[0];
  };
  assert.equal(await told({ WECOM_ROBOT_KEY: "k", WECOM_API_BASE: url }), wrong);
  assert.equal(await told({ WECOM_ROBOT_KEY_FILE: file, WECOM_API_BASE: url }), wrong);
  assert.equal(await told({ WECOM_CORP_ID: "half" }), "unchecked: 与外面的时间相比 | 设置有错，先改好");
});

/** @param rate samples a second */
const held =
  (rate: string, bytes: string): RequestListener =>
  (request, response) => {
    const value = request.url?.includes("rate") ? rate : bytes;
    response.end(JSON.stringify({ data: { result: [{ metric: {}, value: [0, value] }] } }));
  };

/** Answers nothing before everything that is wanted was asked. */
function patient(wanted: RegExp[], answer: RequestListener): RequestListener {
  const held: (() => void)[] = [];
  const missing = new Set(wanted);
  return (request, response) => {
    for (const one of missing) if (one.test(request.url ?? "")) missing.delete(one);
    held.push(() => answer(request, response));
    if (missing.size === 0) for (const go of held.splice(0)) go();
  };
}

test("Prometheus is asked everything at once: one that hangs costs a check no more than one answer", async (t) => {
  const clock = patient([/ready/, /tsdb/], (_, response) => {
    response.end(JSON.stringify({ data: { headStats: { maxTime: 0 } } }));
  });
  const view = await testView(t, { answers: { prometheus: clock } });
  assert.doesNotMatch((await findings(clockCheck, view)).join(), /unchecked/);
  const disk = patient([/appended/, /blocks/], held("100", "0"));
  const told = await findings(diskCheck, await testView(t, { answers: { prometheus: disk } }));
  assert.match(told.join(), /^ok: 硬盘剩/);
});

test("another time zone than the machine's is told, UTC is not", async (t) => {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const view = await testView(t, { config: { timezone: "Asia/Kathmandu" } });
  const told = (await findings(clockCheck, view)).join("\n");
  const words = `机器的时区是 ${here}，config.ini 里是 Asia/Kathmandu`;
  assert.ok(told.includes(here === "UTC" ? `ok: ${words}` : `hint: ${words} | `), told);
});

test("the disk: room for the retention, too little of it, not known yet, not writable", async (t) => {
  const told = async (handler: RequestListener) =>
    findings(diskCheck, await testView(t, { answers: { prometheus: handler } }));
  assert.match((await told(held("100", "0")))[0] ?? "", /^ok: 硬盘剩 [\d.]+ GB，保留 90 天还要约 1\.4 GB$/);
  assert.match(
    (await told(held("1e9", "1e9")))[0] ?? "",
    /^problem: 硬盘剩 [\d.]+ GB，保留 90 天还要约 \d+\.\d GB \| 到时候会写满，数据和告警都会停 \| 把 config\.ini 的 retention_days 改成 1 以下，再执行 npm run apply；或者换大硬盘$/,
  );
  const view = await testView(t);
  assert.match(
    (await findings(diskCheck, view))[0] ?? "",
    /^unchecked: 硬盘够不够保留期用 \| Prometheus 没有应答或刚启动；硬盘现在剩 [\d.]+ GB$/,
  );
  assert.ok(!existsSync(view.paths.root), "it makes nothing");
});

const today = "daily-20260212-030007.tar.gz";
const yesterday = "daily-20260211-030004.tar.gz";

/** Daily backups at three. @param folder BACKUP_DIR, in which the names are @param reason of a BackupFailed */
async function backupView(
  t: TestContext,
  { keep = 7, names = [] as string[], folder = temporaryFolder(t), reason = "", now = NOW },
): Promise<StackView> {
  // 13:46 UTC is 21:46 there.
  const config = { timezone: "Asia/Shanghai", backup: { keep, hour: 3 } };
  const alerts = reason === "" ? [] : [{ annotations: { description: reason } }];
  const answers = { alertmanager: { "/api/v2/alerts?filter=alertname%3D%22BackupFailed%22": alerts } };
  const view = await testView(t, { config, now, env: { BACKUP_DIR: folder }, answers });
  for (const name of names) writeFileSync(join(folder, name), "whole");
  const { parts } = view.runtime as { parts: Record<string, PartState> };
  parts.backup = { isRunning: true, isHealthy: true, since: 0, url: undefined };
  return view;
}

test("daily backups: not asked for, made, missed, nobody there to make them", async (t) => {
  const told = async (keep: number, names: string[], change = (_view: StackView) => {}) => {
    const view = await backupView(t, { keep, names });
    change(view);
    return findings(backupCheck, view);
  };
  assert.deepEqual(await told(0, []), []);
  assert.deepEqual(await told(7, [yesterday, today]), [`ok: 最近一次每日备份 ${today}`]);
  assert.deepEqual(await told(7, [yesterday, "backup-20260212-210000.tar.gz"]), [
    `problem: 该做的每日备份没有做成，最近一次是 ${yesterday} | 硬盘坏了，只能恢复到上一次备份 | npm run backup，会说明原因和办法`,
  ]);
  assert.match((await told(7, []))[0] ?? "", /^problem: 该做的每日备份没有做成，还一份都没有 /);
  const since = (at: number) => (view: StackView) =>
    Object.assign((view.runtime as { parts: Record<string, PartState> }).parts.backup ?? {}, { since: at });
  assert.deepEqual(await told(7, [yesterday], since(NOW - 2 * 3600_000 + 1)), [
    `unchecked: 该做的每日备份没有做成，最近一次是 ${yesterday} | 刚启动，正在补做，过一会儿再查`,
  ]);
  assert.match((await told(7, [yesterday], since(NOW - 2 * 3600_000)))[0] ?? "", /^problem: /);
  const dead = (view: StackView) => Object.assign(view.runtime, { parts: {} });
  assert.deepEqual(await told(7, [today], dead), [
    "problem: 每日备份没有在运行 | 硬盘坏了，只能恢复到上一次备份 | npm start；原因看 tail -n 20 .stack/logs/backup.log",
  ]);
  const service = (view: StackView) => {
    dead(view);
    symlinkSync(SERVICE_STATE, view.paths.root);
  };
  assert.match(
    (await told(7, [], service))[0] ?? "",
    /journalctl -u wecom-monitoring-backup\.service -n 20$/,
  );
});

test("a daily backup whose failure is being told: a problem, with what is told, as soon as it is", async (t) => {
  const reason = "磁盘已满：请腾出空间\n没有留下备份。";
  // Four minutes after three.
  const view = await backupView(t, { names: [yesterday], reason, now: Date.parse("2026-02-11T19:04:00Z") });
  Object.assign((view.runtime as { parts: Record<string, PartState> }).parts.backup ?? {}, {
    since: view.clock.now() - 60_000,
  });
  assert.deepEqual(await findings(backupCheck, view), [
    `problem: 该做的每日备份没有做成，最近一次是 ${yesterday}。原因：磁盘已满：请腾出空间 没有留下备份。 | 硬盘坏了，只能恢复到上一次备份 | 照原因里说的办；还不行看 docs/runbooks/BackupFailed.md`,
  ]);
  const made = await backupView(t, { names: [today], reason });
  assert.deepEqual(await findings(backupCheck, made), [`ok: 最近一次每日备份 ${today}`]);
});

test("daily backups: an empty one, one of a time to come, no folder", async (t) => {
  const folder = temporaryFolder(t);
  const empty = "daily-20300101-000000.tar.gz";
  const ahead = ["daily-20300102-000000.tar.gz", "daily-20300103-000000.tar.gz"];
  const view = await backupView(t, { folder, names: [yesterday, ...ahead] });
  writeFileSync(join(folder, empty), "");
  assert.deepEqual(await findings(backupCheck, view), [
    `problem: 该做的每日备份没有做成，最近一次是 ${yesterday} | 硬盘坏了，只能恢复到上一次备份 | npm run backup，会说明原因和办法`,
    `problem: 每日备份是空文件：${empty} | 从它恢复不了，那一天没有备份 | 检查硬盘：dmesg | tail；再删掉空文件：rm ${folder}/${empty}`,
    `hint: 每日备份的时间在将来：${ahead[0]} 等 2 个 | 是这台机器的时间快了的时候做的，不算数，也不会自动删除 | 先看现在的时间对不对：timedatectl；对，而且不再需要它，就删掉：rm ${folder}/${ahead[0]}`,
  ]);
  const file = join(folder, empty);
  assert.deepEqual(await findings(backupCheck, await backupView(t, { folder: file })), [
    `problem: 每日备份做不成：${file} 不能用作目录（ENOTDIR）：请在 .env 里把 BACKUP_DIR 换成一个目录，再执行 npm run apply；没有设 BACKUP_DIR 的，把它移开 | 硬盘坏了，只能恢复到上一次备份 | 改好后执行 npm run backup，看能不能做成`,
  ]);
});

test("a data folder that cannot be written", async (t) => {
  const view = await testView(t);
  writeFileSync(view.paths.root, "a file, where the folder should be");
  assert.deepEqual(await findings(diskCheck, view), [
    "problem: 写不了数据目录 .stack（ENOTDIR） | 数据和告警都会停 | ls -ld . .stack .stack/data 看是谁的，用那个用户执行；只读的硬盘先修好",
  ]);
});

test("whether settings are in force cannot be told while nothing runs, or while they are wrong", async (t) => {
  const view = await testView(t);
  view.refused = new Error("wrong");
  assert.deepEqual(await findings(inForceCheck, view), ["unchecked: 配置是否生效 | 设置有错，先改好"]);
  view.runtime = { kind: "stopped", reason: undefined };
  assert.deepEqual(await findings(inForceCheck, view), ["unchecked: 配置是否生效 | 监控系统没有在运行"]);
});

test("what apply would render for comparing does not stay, also where nobody waits for it", async (t) => {
  const [view, folder, before] = [await testView(t), temporaryFolder(t), process.env.TMPDIR];
  const listening = process.listeners("exit");
  process.env.TMPDIR = folder;
  const planning = planApply(view).catch(() => {});
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  assert.equal(readdirSync(folder).length, 1);
  const added = process.listeners("exit").filter((listener) => !listening.includes(listener));
  for (const listener of added) listener.call(process, 0);
  assert.deepEqual(readdirSync(folder), []);
  await planning;
  assert.deepEqual(process.listeners("exit"), listening);
});
