import type { Env } from "../../config/environment.ts";
import { type PartName, type Ports, readPorts } from "./addresses.ts";
import { changeCompose } from "./compose-change.ts";
import { type Compose, composeEnv, createCompose, type RunningServices } from "./compose-cli.ts";
import { SECRETS } from "./dotenv.ts";
import { InterruptedError } from "./interruption.ts";
import { refuseTakenPorts } from "./ports.ts";
import { StackError } from "./project.ts";
import type { Report } from "./report.ts";
import { run } from "./run.ts";
import type { Settings } from "./settings.ts";

/** Milliseconds for a question to the engine. */
const TIMEOUT = 15_000;

/** As in docker-compose.yml. */
const PROJECT_NAME = "wecom-legal-monitoring";

const HALF_UP = "可能已有容器在运行：执行 npm start 继续，或者 npm stop 停止。";

/** The relay's port is not published. */
const PUBLISHED: PartName[] = ["exporter", "prometheus", "alertmanager", "grafana"];

/** The engine's version, or why it cannot be used. */
export type Engine = { version: string } | { reason: string };

/** Whether docker compose can be used here: the client alone is not enough. */
export async function findEngine(): Promise<Engine> {
  const [engine, plugin] = await Promise.allSettled([
    run("docker", ["version", "--format", "{{.Server.Version}}"], { timeout: TIMEOUT }),
    run("docker", ["compose", "version"], { timeout: TIMEOUT }),
  ]);
  if (engine.status === "rejected") {
    const { cause, message } = engine.reason as Error & { cause?: { code?: unknown } };
    return { reason: cause?.code === "ENOENT" ? "没有安装 Docker" : `Docker 引擎连接不上（${message}）` };
  }
  if (plugin.status === "rejected") return { reason: "Docker 没有 compose 插件" };
  return { version: engine.value.trim() };
}

export interface ComposeOptions {
  project: string;
  settings: Settings;
  report: Report;
  /** Takes back what was changed, and ends. */
  signal: AbortSignal;
}

export interface ComposeStack {
  isChanged: boolean;
  ports: Ports;
}

/**
 * Makes what runs what should run, by npm start and npm run apply alike. Where nothing runs yet, `docker compose up`
 * does all of it, init included.
 * @throws {StackError} when something is refused, and nothing was changed; when a port is taken, or a container does
 *   not become healthy; when a change fails (RevertedError)
 */
export async function startCompose({
  project,
  settings,
  report,
  signal,
}: ComposeOptions): Promise<ComposeStack> {
  refuseFiles(settings.env);
  const ports = readPorts(settings.config, settings.env);
  const compose = createCompose(project, composeEnv(project, settings));
  const before = await runningServices(project, compose);
  const taken = PUBLISHED.filter((name) => ![...before.values()].some(({ port }) => port === ports[name]));
  await refuseTakenPorts(taken, ports);
  if (before.size > 0) {
    return { isChanged: await changeCompose({ project, settings, before, report, signal }), ports };
  }
  report.line("docker compose up -d --wait");
  await compose.up().catch((error: Error) => {
    throw signal.aborted ? new InterruptedError(HALF_UP) : error;
  });
  await compose.remember();
  return { isChanged: true, ports };
}

/** This checkout's containers that run. */
export async function isComposeUp(project: string, { env }: Settings): Promise<boolean> {
  return (await runningServices(project, createCompose(project, env))).size > 0;
}

async function runningServices(project: string, compose: Compose): Promise<RunningServices> {
  return (await hasContainers(project)) ? compose.running() : new Map();
}

/** Whether this checkout has containers, running or not: another checkout's are none of its business. */
export async function hasContainers(project: string): Promise<boolean> {
  const labels = [
    `com.docker.compose.project=${PROJECT_NAME}`,
    `com.docker.compose.project.working_dir=${project}`,
  ];
  const filters = labels.flatMap((label) => ["--filter", `label=${label}`]);
  const ids = await run("docker", ["ps", "--all", "--quiet", ...filters], { timeout: TIMEOUT }).catch(
    () => "",
  );
  return ids.trim() !== "";
}

/**
 * The secrets that `docker compose up` has made by itself, or was given before: the applications that report events
 * know one, and Grafana takes its password only once.
 */
export async function keptSecrets(project: string, settings: Settings): Promise<Env> {
  const args = ["volume", "ls", "--quiet", "--filter", `name=^${PROJECT_NAME}_secrets$`];
  const volumes = await run("docker", args, { timeout: TIMEOUT });
  if (volumes.trim() === "") return {};
  return JSON.parse(await createCompose(project, composeEnv(project, settings)).init("--kept")) as Env;
}

/** Containers do not see the files of the machine: better refused than silently without. */
function refuseFiles(env: Env): void {
  const given = [...SECRETS.map((name) => `${name}_FILE`), "MONITORING_CONFIG"].filter((name) => env[name]);
  if (given.length === 0) return;
  throw new StackError(
    `用 Docker 运行时不能设置 ${given.join("、")}：容器看不到本机的文件。请把密钥直接写进 .env，设置写进 config/config.ini`,
  );
}

/** Removes the containers; the volumes, and so the data, stay. @throws {StackError} */
export async function stopCompose(project: string): Promise<void> {
  await createCompose(project, process.env).down();
}
