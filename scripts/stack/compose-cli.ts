import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../../config/environment.ts";
import { type Proxies, readProxies } from "../../config/proxies.ts";
import { isLoopback } from "../../service/http.ts";
import { hashFiles } from "./hash-files.ts";
import { StackError } from "./project.ts";
import { run } from "./run.ts";
import { configFingerprint } from "./service-inputs.ts";
import type { Settings } from "./settings.ts";

/** docker compose on one checkout, with the values that docker-compose.yml asks for. */
export interface Compose {
  /**
   * `docker compose up -d --wait`, its own progress shown.
   * @throws {StackError} with the end of the logs, when a container does not become healthy
   */
  up(...args: string[]): Promise<void>;
  /** Remembers what `up` made, for `upAgain`: the values of .env are not to be had any more once it has changed. */
  remember(): Promise<void>;
  /** `up` as it was when it was remembered, or as it is now where it was not. */
  upAgain(...args: string[]): Promise<void>;
  /** Removes the containers; the volumes, and so the data, stay. @throws {StackError} */
  down(): Promise<void>;
  /** @returns what it wrote to standard output @throws {StackError} with the end of what it wrote to standard error */
  ask(...args: string[]): Promise<string>;
  /** A step of scripts/init.ts, in a container of its own. @returns the line that it answers */
  init(...step: string[]): Promise<string>;
  /** `init` with the values that `upAgain` goes by. */
  initAgain(...step: string[]): Promise<string>;
  running(): Promise<RunningServices>;
  /** Every container but init's, running or not. */
  containers(): Promise<Container[]>;
}

export interface Container {
  service: string;
  isRunning: boolean;
  /** As its own health check says. */
  isHealthy: boolean;
  port: number | undefined;
  /** RFC 3339. */
  startedAt: string;
}

/** The containers that run, by service. */
export type RunningServices = Map<string, { id: string; port: number | undefined }>;

/** The values that docker-compose.yml asks for: .env's, and what compose itself has to know of config.ini. */
export function composeEnv(project: string, { config, env }: Settings): Env {
  const provisioning = hashFiles(join(project, "grafana/provisioning"));
  return {
    ...env,
    // All of it is above; compose would read it by rules of its own, and fail at a line that doctor is to tell.
    COMPOSE_DISABLE_ENV_FILE: "1",
    ...containerProxies(env),
    METRICS_PORT: String(config.metricsPort),
    RETENTION_DAYS: String(config.retentionDays),
    BACKUP_DAILY: config.backup.keep > 0 ? "1" : "0",
    // Labels of the containers, so that they are made anew when something they read at start has changed.
    EXPORTER_CONFIGURATION_HASH: hash(
      configFingerprint("exporter", config),
      env.EXPORTER_TOKEN,
      env.RELAY_TOKEN,
    ),
    RELAY_CONFIGURATION_HASH: hash(configFingerprint("relay", config), env.RELAY_TOKEN),
    BACKUP_CONFIGURATION_HASH: hash(JSON.stringify([config.backup, config.timezone])),
    GRAFANA_CONFIGURATION_HASH: hash(provisioning, env.GRAFANA_ADMIN_PASSWORD),
  };
}

/** Not HTTP_PROXY itself, which docker goes by; one on this machine's loopback is not there for a container. */
function containerProxies(env: Env): Env {
  const { HTTP_PROXY = "", HTTPS_PROXY = "", NO_PROXY } = proxiesOf(env);
  const reachable = (address: string) =>
    address === "" || isLoopback(new URL(address).hostname) ? "" : address;
  return {
    CONTAINER_HTTP_PROXY: reachable(HTTP_PROXY),
    CONTAINER_HTTPS_PROXY: reachable(HTTPS_PROXY),
    CONTAINER_NO_PROXY: NO_PROXY,
  };
}

/** What is no proxy is refused before anything starts (checkSettings); to look at what runs none is needed. */
function proxiesOf(env: Env): Proxies {
  try {
    return readProxies(env);
  } catch {
    return { NO_PROXY: "" };
  }
}

function hash(...values: (string | undefined)[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}

/** Where `remember` writes; there as long as npm start has containers here. Only its owner can read it: it holds secrets. */
export function memoryFile(cwd: string): string {
  return join(cwd, ".stack/compose.json");
}

export function createCompose(cwd: string, env: Env, memory = memoryFile(cwd)): Compose {
  const ask = (...args: string[]) =>
    run("docker", ["compose", ...args], { cwd, env }).catch(({ message, cause }: Error) => {
      throw new StackError(message, { cause });
    });
  const asRemembered = () => (existsSync(memory) ? ["--project-directory", cwd, "--file", memory] : []);
  async function up(options: string[], args: string[]): Promise<void> {
    const code = await show(["compose", ...options, "up", "-d", "--wait", ...args], cwd, env);
    if (code === 0) return;
    const ill = parsePs(await ask("ps", "--all", "--format", "json").catch(() => "")).filter(isIll);
    const names = ill.map(({ Service }) => Service);
    const logs = await ask("logs", "--no-color", "--tail", "15", ...names).catch(() => "");
    throw new StackError(`docker compose 没有成功（退出码 ${code}）。日志的末尾：\n${logs}`);
  }
  async function init(options: string[], step: string[]): Promise<string> {
    const words = ["run", "--rm", "--no-deps", "-T", "init", "node", "scripts/init.ts", ...step];
    // Before it stands what building the image had to say.
    return (await ask(...options, ...words)).trimEnd().split("\n").at(-1) ?? "";
  }
  return {
    up: (...args) => up([], args),
    async remember() {
      writeFileSync(memory, await ask("config", "--format", "json"), { mode: 0o600 });
    },
    upAgain: (...args) => up(asRemembered(), args),
    async down() {
      rmSync(memory, { force: true });
      const code = await show(["compose", "down"], cwd, env);
      if (code !== 0) throw new StackError(`docker compose down 没有成功（退出码 ${code}）`);
    },
    ask,
    init: (...step) => init([], step),
    initAgain: (...step) => init(asRemembered(), step),
    running: async () => runningServices(parsePs(await ask("ps", "--format", "json"))),
    async containers() {
      const listed = parsePs(await ask("ps", "--all", "--format", "json"));
      const parts = listed.filter(({ Service }) => Service !== "init");
      const format = ["--format", "{{.State.StartedAt}}"];
      const times =
        parts.length > 0 ? await run("docker", ["inspect", ...format, ...parts.map(({ ID }) => ID)]) : "";
      return parts.map((container, index) => toContainer(container, times.split("\n")[index] ?? ""));
    },
  };
}

function toContainer(container: ComposePs, startedAt: string): Container {
  return {
    service: container.Service,
    isRunning: container.State === "running",
    isHealthy: !isIll(container),
    port: publishedPort(container),
    startedAt,
  };
}

function show(args: string[], cwd: string, env: Env): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", args, { cwd, env, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

interface ComposePs {
  ID: string;
  Service: string;
  State: string;
  Health: string;
  ExitCode: number;
  Publishers?: { PublishedPort: number }[] | null;
}

/** One object a line; before 2.21 one array. */
function parsePs(text: string): ComposePs[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.flatMap((line) => JSON.parse(line) as ComposePs | ComposePs[]);
}

/** init has exited, as it should. */
function isIll({ State, Health, ExitCode }: ComposePs): boolean {
  return State === "running" ? Health !== "healthy" : State !== "exited" || ExitCode !== 0;
}

function runningServices(containers: ComposePs[]): RunningServices {
  const running = containers.filter(({ State }) => State === "running");
  return new Map(
    running.map((container) => [container.Service, { id: container.ID, port: publishedPort(container) }]),
  );
}

/** 0 is where a port is only open inside. */
function publishedPort({ Publishers }: ComposePs): number | undefined {
  return Publishers?.find(({ PublishedPort }) => PublishedPort > 0)?.PublishedPort;
}
