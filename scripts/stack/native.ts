import type { Config } from "../../config/config.ts";
import { type Env, readSecret } from "../../config/environment.ts";
import { isService } from "../service/names.ts";
import { requireReadable, requireSecrets } from "../service/readable.ts";
import { type PartName, type Ports, PROCESS_TITLES, partHost, publicUrls, readPorts } from "./addresses.ts";
import { checkRendering } from "./checks.ts";
import { fallbackMail } from "./fallback-mail.ts";
import { InterruptedError, unlessInterrupted } from "./interruption.ts";
import { changeNative } from "./native-change.ts";
import { createParts, type Part } from "./parts.ts";
import { refuseTakenPorts } from "./ports.ts";
import {
  activeProcesses,
  isOfEarlierVersion,
  type ProcessRecord,
  removeProcess,
  runningProcesses,
  startedProcesses,
  stopProcess,
} from "./processes.ts";
import { mailPasswordFile, relayTokenFile, type StatePaths } from "./project.ts";
import type { ServerName } from "./releases.ts";
import { type Rendering, render } from "./render.ts";
import type { Report } from "./report.ts";
import {
  DEBIAN_ORIGIN,
  findServer,
  isMissing,
  type MissingServer,
  SERVERS,
  type Servers,
} from "./servers.ts";
import { titleOf } from "./starting.ts";

export interface NativeOptions {
  project: string;
  paths: StatePaths;
  config: Config;
  /** The text that `config` was read from. */
  configText: string;
  env: Env;
  report: Report;
  /** Whether to fetch servers that are not on this machine. */
  fetchServers: boolean;
  /** Whether a part that lives but is not ready in time is kept at a first start, and told. The default is no. */
  keepLate?: boolean;
  /** Takes back what was changed, and ends. */
  signal: AbortSignal;
}

/** A native stack that is up. */
export interface NativeStack {
  isChanged: boolean;
  isReady: boolean;
  ports: Ports;
  missing: Partial<Record<ServerName, MissingServer>>;
  /** Debian's package of Alertmanager has no web pages. */
  withoutSilencePage: boolean;
}

/**
 * Makes what runs what should run, by npm start and npm run apply alike: starts every part that is not running as it
 * should, lets the servers take new files, and waits until all of it is ready and in force, or late (`isReady`).
 * @throws {StackError} when something is refused, and nothing was changed; when a part dies at the first start, and
 *   what was started is stopped again; when a change fails (RevertedError)
 */
export async function startNative(options: NativeOptions): Promise<NativeStack> {
  const { paths, report, signal } = options;
  if (isService(paths.root)) {
    // Root writes then, and the service's own user reads; the folder above keeps it from others.
    process.umask(0o022);
    requireReadable(options.project);
    requireSecrets(options.env);
  }
  const { ports, found, missing, rendering, parts } = await planNative(options);
  const running = runningProcesses(paths);
  const earlier = running.filter(isOfEarlierVersion);
  const before = running.filter((record) => !earlier.includes(record));
  const ours = new Set(before.map(({ readyUrl = "" }) => URL.parse(readyUrl)?.port));
  const replaced = new Set(earlier.map(({ name }) => name));
  await refuseTakenPorts(
    parts.flatMap(({ name }) =>
      name === "backup" || ours.has(String(ports[name])) || replaced.has(name) ? [] : [name],
    ),
    ports,
  );
  await unlessInterrupted(checkRendering(rendering, found, report), signal);
  await stopInOrder(earlier, "旧版本启动的，数据都保留", options);
  const { keepLate = false } = options;
  const change = { parts, rendering, before, paths, ports, keepLate, report, signal };
  const { isChanged, isReady } = await changeNative(change);
  const unwanted = startedProcesses(paths).filter(({ name }) => !parts.some((part) => part.name === name));
  for (const record of unwanted) await removeProcess(record, paths);
  return {
    isChanged,
    isReady,
    ports,
    missing,
    withoutSilencePage: found.alertmanager?.origin === DEBIAN_ORIGIN,
  };
}

/** What should run: rendered, but read by nobody yet. */
export interface NativePlan {
  ports: Ports;
  found: Servers;
  missing: Partial<Record<ServerName, MissingServer>>;
  rendering: Rendering;
  parts: Part[];
}

/**
 * @param out where the rendering goes
 * @throws {StackError} or {EnvironmentError} for what would not start
 */
export async function planNative(options: NativeOptions, out = options.paths.config): Promise<NativePlan> {
  const ports = readPorts(options.config, options.env);
  const { found, missing } = await unlessInterrupted(findServers(options), options.signal);
  const rendering = renderNative(options, ports, found, out);
  const parts = createParts({ ...options, ports, servers: found });
  return { ports, found, missing, rendering, parts };
}

/** A rendering for the parts of a native stack; a server that is not to be had is not scraped. */
function renderNative(
  { project, paths, config, configText, env }: NativeOptions,
  ports: Ports,
  servers: Servers,
  out: string,
): Rendering {
  const address = (part: PartName) => `${partHost(part, env)}:${ports[part]}`;
  return render({
    project,
    out,
    config,
    configText,
    addresses: {
      exporter: address("exporter"),
      relay: address("relay"),
      prometheus: address("prometheus"),
      alertmanager: address("alertmanager"),
      grafana: servers.grafana && address("grafana"),
    },
    publicUrls: publicUrls(config, env, ports),
    relayTokenFile: readSecret(env, "RELAY_TOKEN") === undefined ? undefined : relayTokenFile(paths),
    fallbackMail: fallbackMail(config, env, mailPasswordFile(paths)),
  });
}

/** Stops what was started here, in the reverse of the order in which it starts. @returns what was stopped */
export async function stopNative(paths: StatePaths, report: Report, signal: AbortSignal): Promise<number> {
  const active = activeProcesses(paths);
  await stopInOrder(active, undefined, { paths, report, signal });
  return active.length;
}

/** @param why they are stopped, where the operator did not ask for it */
async function stopInOrder(
  records: ProcessRecord[],
  why: string | undefined,
  { paths, report, signal }: Pick<NativeOptions, "paths" | "report" | "signal">,
): Promise<void> {
  const order = Object.keys(PROCESS_TITLES).reverse();
  const running = records.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  for (const [index, record] of running.entries()) {
    if (signal.aborted) throw new InterruptedError(stillRunning(running.slice(index)));
    const step = report.begin(`停止 ${titleOf(record)}${why === undefined ? "" : `（${why}）`}`);
    const killed = await stopProcess(record, paths);
    if (killed) step.fail("没有在限期内停下，已强制结束");
    else step.done();
  }
}

function stillRunning(records: ProcessRecord[]): string {
  return `还在运行：${records.map(titleOf).join("、")}。再执行一次 npm stop 可以继续。`;
}

async function findServers({ paths, env, report, fetchServers }: NativeOptions) {
  const found: Servers = {};
  const missing: Partial<Record<ServerName, MissingServer>> = {};
  for (const name of Object.keys(SERVERS) as ServerName[]) {
    // Nothing to wait for, and nothing to tell, where none is fetched.
    const step = fetchServers ? report.begin(`准备 ${SERVERS[name].title}`) : undefined;
    const progress = (text: string) => step?.progress(text);
    const server = await findServer(name, { folder: paths.servers, env, progress, fetch: fetchServers });
    if (isMissing(server)) {
      missing[name] = server;
      step?.fail("没有，其他部分照常启动");
    } else {
      found[name] = server;
      step?.done(`${server.version}，${server.origin}`);
    }
  }
  return { found, missing };
}
