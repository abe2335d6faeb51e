import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { type Config, parseConfig, readConfig } from "../../config/config.ts";
import type { Env, PartUrls } from "../../config/environment.ts";
import { within } from "../../exporter/collectors/within.ts";
import { SETTLED } from "../../exporter/overview/prometheus.ts";
import { type Clock, systemClock } from "../../service/clock.ts";
import { isService } from "../service/names.ts";
import { refuseOthers } from "../service/refuse-others.ts";
import { journalCommand } from "../service/units.ts";
import {
  givenPorts,
  localUrls,
  PART_TITLES,
  type PartName,
  type Ports,
  type ProcessName,
  partHost,
} from "./addresses.ts";
import { type Ask, createAsk, NoAnswerError } from "./ask.ts";
import { findEngine, hasContainers } from "./compose.ts";
import { type Container, composeEnv, createCompose } from "./compose-cli.ts";
import { readDotenv, readDotenvText } from "./dotenv.ts";
import { isRunning, type ProcessRecord, startedAt, startedProcesses } from "./processes.ts";
import { type StatePaths, statePaths } from "./project.ts";
import { currentFolder } from "./publish.ts";
import { checkSettings, readSettings, type Settings } from "./settings.ts";

export const PARTS = Object.keys(PART_TITLES) as PartName[];

/** Milliseconds for the engine to tell what it runs. */
const ENGINE_TIMEOUT = 5000;
const ENGINE_SILENT = "Docker 引擎没有应答";

/** A stack as it is, for those who look at it and change nothing. */
export interface StackView {
  project: string;
  paths: StatePaths;
  settings: Settings;
  /** Why `settings` are the ones last in force, or the defaults, and not the operator's. */
  refused: Error | undefined;
  runtime: Runtime;
  /** What settings say. */
  ports: Ports;
  ask: Ask;
  clock: Clock;
}

/** How the stack runs. */
export type Runtime =
  | { kind: "native"; parts: Record<string, PartState> }
  | { kind: "compose"; version: string; parts: Record<string, PartState> }
  /** `reason`: why not with Docker, where that is so. */
  | { kind: "stopped"; reason: string | undefined };

/** A part that was started; one that was not is absent. */
export interface PartState {
  isRunning: boolean;
  /** As the engine says; true where nobody but the part itself can tell. */
  isHealthy: boolean;
  /** Milliseconds since the epoch. */
  since: number;
  /** On this machine; undefined where it can be reached from inside only. */
  url: string | undefined;
  /** Of a native one. */
  record?: ProcessRecord;
}

/** @throws {StackError} when another user has started it, or .env is theirs */
export async function viewStack(project: string, clock: Clock = systemClock): Promise<StackView> {
  const paths = statePaths(join(project, ".stack"));
  refuseOthers(paths.root);
  const { settings, refused } = await loadSettings(paths);
  const runtime = viewNative(paths) ?? (await viewCompose(project, settings));
  const ports = portsOf(settings);
  const ask = createAsk(project, settings, (part) => addressOf(part, runtime, ports, settings.env));
  return { project, paths, settings, refused, runtime, ports, ask, clock };
}

/** An engine that does not answer in time, on a machine that is too busy for example, may run it all the same. */
export function isUnknown(runtime: Runtime): boolean {
  return runtime.kind === "stopped" && runtime.reason === ENGINE_SILENT;
}

/** What is told of a stack of which no part was found. */
export function tellStopped(runtime: Runtime): string {
  return isUnknown(runtime) ? `不知道监控系统有没有在运行：${ENGINE_SILENT}` : "监控系统没有在运行";
}

/** The state of a part; undefined where it was not started. */
export function stateOf({ runtime }: StackView, part: ProcessName): PartState | undefined {
  return runtime.kind === "stopped" ? undefined : runtime.parts[part];
}

/** Where a part says that it is ready. */
export function readyPath(part: PartName): string {
  return part === "grafana" ? "/api/health" : "/-/ready";
}

/** Whether what a part does not know yet may come by itself. */
export function isSettling(view: StackView, part: PartName): boolean {
  const since = stateOf(view, part)?.since ?? Number.NEGATIVE_INFINITY;
  return Math.abs(view.clock.now() - since) < SETTLED;
}

/** What tells why a part does not do its work. */
export function logCommand({ runtime, paths }: StackView, part: ProcessName): string {
  if (runtime.kind === "compose") return `docker compose logs --tail 20 ${part}`;
  return isService(paths.root) ? `${journalCommand(part)} -n 20` : `tail -n 20 .stack/logs/${part}.log`;
}

/** As npm start reads them, in the working directory; where it would refuse, as near to it as can be. */
async function loadSettings(paths: StatePaths): Promise<Pick<StackView, "settings" | "refused">> {
  try {
    const settings = readSettings();
    try {
      await checkSettings(settings);
      return { settings, refused: undefined };
    } catch (error) {
      return { settings, refused: error as Error };
    }
  } catch (error) {
    const config = lastConfig(paths);
    return { settings: { ...config, env: lenientEnv() }, refused: error as Error };
  }
}

function lenientEnv(): Env {
  try {
    return readDotenv(".env", process.env);
  } catch {
    const text = existsSync(".env") ? readDotenvText(".env") : "";
    return { ...parseEnv(text), ...process.env };
  }
}

function lastConfig(paths: StatePaths): { config: Config; configText: string } {
  const file = join(currentFolder(paths.config), "config.ini");
  try {
    return { config: readConfig(file), configText: readFileSync(file, "utf8") };
  } catch {
    return { config: parseConfig("", "config.ini"), configText: "" };
  }
}

function portsOf({ config, env }: Settings): Ports {
  try {
    return givenPorts(config, env);
  } catch {
    return givenPorts(config, {});
  }
}

function viewNative(paths: StatePaths): Runtime | undefined {
  const records = startedProcesses(paths);
  if (records.length === 0) return undefined;
  const parts = records.map((record): [string, PartState] => [
    record.name,
    {
      isRunning: isRunning(record),
      isHealthy: true,
      since: startedAt(paths, record.name),
      url: record.readyUrl && new URL(record.readyUrl).origin,
      record,
    },
  ]);
  return { kind: "native", parts: Object.fromEntries(parts) };
}

async function viewCompose(project: string, settings: Settings): Promise<Runtime> {
  const look = async (): Promise<Runtime> => {
    const [engine, isOurs] = await Promise.all([findEngine(), hasContainers(project)]);
    if ("reason" in engine) return { kind: "stopped", reason: engine.reason.split("\n")[0] };
    if (!isOurs) return { kind: "stopped", reason: undefined };
    const containers = await createCompose(project, composeEnv(project, settings)).containers();
    const parts = containers.map((container) => [container.service, toPart(container)]);
    return { kind: "compose", version: engine.version, parts: Object.fromEntries(parts) };
  };
  return (await within(look(), ENGINE_TIMEOUT)) ?? { kind: "stopped", reason: ENGINE_SILENT };
}

function toPart({ isRunning, isHealthy, port, startedAt }: Container): PartState {
  const url = port === undefined ? undefined : `http://localhost:${port}`;
  return { isRunning, isHealthy, since: Date.parse(startedAt), url };
}

function addressOf(part: PartName, runtime: Runtime, ports: Ports, env: Env): string | undefined {
  if (runtime.kind === "stopped") throw new NoAnswerError(tellStopped(runtime));
  const found = runtime.parts[part];
  // Somebody else may have its port by now, and an address of a container is gone with it.
  if (found?.isRunning === false) throw new NoAnswerError(`${PART_TITLES[part]} 没有在运行`);
  if (found) return found.url;
  const urls: PartUrls = localUrls(ports);
  return urls[part].replace("localhost", partHost(part, env));
}
