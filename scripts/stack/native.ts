import { mkdirSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../config/config.ts";
import { type Env, readSecret } from "../../config/environment.ts";
import { PART_TITLES, type PartName, type Ports, partHost, publicUrls, readPorts } from "./addresses.ts";
import { fallbackMail } from "./fallback-mail.ts";
import { createParts, type Part } from "./parts.ts";
import { refuseTakenPorts } from "./ports.ts";
import {
  isRunning,
  logFile,
  logTail,
  type ProcessRecord,
  runningProcesses,
  startProcess,
  stopProcess,
} from "./processes.ts";
import { StackError, type StatePaths } from "./project.ts";
import type { ServerName } from "./releases.ts";
import { type Rendering, render } from "./render.ts";
import type { Report } from "./report.ts";
import { run } from "./run.ts";
import { DEBIAN_ORIGIN, findServer, isMissing, type MissingServer, SERVERS, type Server } from "./servers.ts";

/** Milliseconds a part may take until it is ready. */
const READY_DEADLINE = 120_000;
const READY_POLL = 50;
/** Of the log, when a part does not start. */
const LOG_LINES = 15;

export interface NativeOptions {
  project: string;
  paths: StatePaths;
  config: Config;
  configFile: string;
  env: Env;
  report: Report;
}

type Servers = Partial<Record<ServerName, Server>>;

/** A native stack that is up. */
export interface NativeStack {
  ports: Ports;
  missing: Partial<Record<ServerName, MissingServer>>;
  /** Debian's package of Alertmanager has no web pages. */
  withoutSilencePage: boolean;
}

/**
 * Starts every part that is not running as it should, and waits until each is ready.
 * @throws {StackError} when a port is taken, or a part dies; then what this call started is stopped again
 */
export async function startNative(options: NativeOptions): Promise<NativeStack> {
  const { paths, config, env, report } = options;
  const ports = readPorts(config, env);
  const { found, missing } = await findServers(options);
  const rendering = renderNative(options, ports, found);
  const parts = createParts({ ...options, configFile: absolute(options), ports, servers: found, rendering });
  const before = runningProcesses(paths);
  const ours = new Set<string>(before.map(({ name }) => name));
  await refuseTakenPorts(
    parts.map(({ name }) => name).filter((name) => !ours.has(name)),
    ports,
  );
  await checkRendering(rendering, found);
  const outdated = before.filter((record) => !parts.some((part) => isCurrent(record, part)));
  await stopOutdated(outdated, options);
  const toStart = parts.filter((part) => !before.some((record) => isCurrent(record, part)));
  if (toStart.length === 0) report.line("✅ 各部分都已在运行，没有改动");
  else await startAll(toStart, options);
  return { ports, missing, withoutSilencePage: found.alertmanager?.origin === DEBIAN_ORIGIN };
}

/** Stops what was started here, in the reverse of the order in which it starts. @returns what was stopped */
export async function stopNative(paths: StatePaths, report: Report): Promise<number> {
  const order = Object.keys(PART_TITLES).reverse();
  const running = runningProcesses(paths).sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  for (const record of running) {
    const step = report.begin(`停止 ${PART_TITLES[record.name as PartName]}`);
    const killed = await stopProcess(record, paths);
    if (killed) step.fail("没有在限期内停下，已强制结束");
    else step.done();
  }
  return running.length;
}

async function findServers({ paths, env, report }: NativeOptions) {
  const found: Servers = {};
  const missing: Partial<Record<ServerName, MissingServer>> = {};
  for (const name of Object.keys(SERVERS) as ServerName[]) {
    const step = report.begin(`准备 ${SERVERS[name].title}`);
    const server = await findServer(name, { folder: paths.servers, env, progress: step.progress });
    if (isMissing(server)) {
      missing[name] = server;
      step.fail("没有，其他部分照常启动");
    } else {
      found[name] = server;
      step.done(`${server.version}，${server.origin}`);
    }
  }
  return { found, missing };
}

function renderNative(
  { project, paths, config, env }: NativeOptions,
  ports: Ports,
  servers: Servers,
): Rendering {
  const address = (part: PartName) => `${partHost(part, env)}:${ports[part]}`;
  const token = readSecret(env, "RELAY_TOKEN");
  return render({
    project,
    out: paths.config,
    config,
    addresses: {
      exporter: address("exporter"),
      relay: address("relay"),
      prometheus: address("prometheus"),
      alertmanager: address("alertmanager"),
      grafana: servers.grafana && address("grafana"),
    },
    publicUrls: publicUrls(config, env, ports),
    relayTokenFile: token === undefined ? undefined : keepSecret(paths, "relay_token", token),
    fallbackMail: fallbackMail(config, env, (password) => keepSecret(paths, "smtp_password", password)),
  });
}

/** By the servers' own tools: a mistake in a rule is told while the running server goes on with the old ones. */
async function checkRendering({ folder }: Rendering, { prometheus, alertmanager }: Servers): Promise<void> {
  const checks: [string | undefined, string[]][] = [
    [prometheus?.tool, ["check", "config", join(folder, "prometheus/prometheus.yml")]],
    [alertmanager?.tool, ["check-config", join(folder, "alertmanager/alertmanager.yml")]],
  ];
  for (const [tool, args] of checks) {
    if (tool === undefined) continue;
    await run("sh", ["-c", '"$0" "$@" 1>&2', tool, ...args]).catch((error: Error) => {
      throw new StackError(`配置没有通过检查，什么都没有改动：${error.message}`);
    });
  }
}

/** For Alertmanager, which reads secrets from files. @returns the file */
function keepSecret(paths: StatePaths, name: string, secret: string): string {
  mkdirSync(paths.secrets, { recursive: true, mode: 0o700 });
  const file = join(paths.secrets, name);
  writeFileSync(file, secret, { mode: 0o600 });
  return file;
}

/** Whether what runs is what should run. */
function isCurrent(record: ProcessRecord, part: Part): boolean {
  return record.name === part.name && record.fingerprint === part.fingerprint;
}

async function stopOutdated(outdated: ProcessRecord[], { paths, report }: NativeOptions): Promise<void> {
  for (const record of outdated) {
    const step = report.begin(`停止 ${PART_TITLES[record.name as PartName]}（设置已变）`);
    await stopProcess(record, paths);
    step.done();
  }
}

async function startAll(parts: Part[], { paths, report }: NativeOptions): Promise<void> {
  const step = report.begin("启动各部分");
  const starting = parts.map((part) => ({ part, ...startProcess(part, paths) }));
  const waiting = new Set(parts.map(({ name }) => name));
  const show = () => step.progress(`等待 ${[...waiting].map((name) => PART_TITLES[name]).join("、")}`);
  show();
  const outcomes = await Promise.all(
    starting.map(async ({ part, record, logStart }) => {
      const problem = await waitUntilReady(part, record);
      waiting.delete(part.name);
      show();
      return { part, problem: problem && failure(part, problem, paths, logStart) };
    }),
  );
  const failed = outcomes.filter(({ problem }) => problem !== undefined);
  const fatal = failed.filter(({ part }) => part.name !== "grafana");
  if (fatal.length === 0) {
    for (const { problem = "" } of failed) report.warn(problem);
    step.done(parts.map(({ name }) => PART_TITLES[name]).join("、"));
    return;
  }
  step.fail("没有成功");
  for (const { record } of starting.reverse()) await stopProcess(record, paths);
  throw new StackError(fatal.map(({ problem }) => problem).join("\n\n"));
}

/** @returns what is wrong, or undefined once it is ready */
async function waitUntilReady(part: Part, record: ProcessRecord): Promise<string | undefined> {
  const deadline = Date.now() + READY_DEADLINE;
  while (Date.now() < deadline) {
    if (!isRunning(record)) return "启动后就退出了";
    const response = await fetch(part.readyUrl, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (response?.ok) return undefined;
    await sleep(READY_POLL);
  }
  return `${READY_DEADLINE / 1000} 秒内没有就绪`;
}

function failure(part: Part, problem: string, paths: StatePaths, logStart: number): string {
  const tail = logTail(paths, part.name, LOG_LINES, logStart);
  return `${PART_TITLES[part.name]} ${problem}。日志 ${logFile(paths, part.name)} 的末尾：\n${tail}`;
}

function absolute({ project, configFile }: NativeOptions): string {
  return isAbsolute(configFile) ? configFile : join(project, configFile);
}
