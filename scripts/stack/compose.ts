import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import type { Env } from "../../config/environment.ts";
import { type PartName, type Ports, readPorts } from "./addresses.ts";
import { GENERATED_SECRETS } from "./dotenv.ts";
import { hashFiles } from "./hash-files.ts";
import { refuseTakenPorts } from "./ports.ts";
import { StackError } from "./project.ts";
import type { Report } from "./report.ts";
import { run } from "./run.ts";

/** Milliseconds for a question to the engine. */
const TIMEOUT = 15_000;

/** As in docker-compose.yml. */
const PROJECT_NAME = "wecom-legal-monitoring";
const SECRETS = [...GENERATED_SECRETS, "WECOM_ROBOT_KEY", "SMTP_URL"];

/** The relay's port is not published. */
const PUBLISHED: PartName[] = ["exporter", "prometheus", "alertmanager", "grafana"];

/** The engine's version, or why it cannot be used. */
export type Engine = { version: string } | { reason: string };

/** Whether docker compose can be used here: the client alone is not enough. */
export async function findEngine(): Promise<Engine> {
  try {
    const version = await run("docker", ["version", "--format", "{{.Server.Version}}"], { timeout: TIMEOUT });
    await run("docker", ["compose", "version"], { timeout: TIMEOUT });
    return { version: version.trim() };
  } catch (error) {
    const cause = (error as { cause?: { code?: unknown } }).cause;
    if (cause?.code === "ENOENT") return { reason: "没有安装 Docker" };
    return { reason: `Docker 引擎连接不上，或没有 compose 插件（${(error as Error).message}）` };
  }
}

export interface ComposeOptions {
  project: string;
  config: Config;
  env: Env;
  report: Report;
}

/**
 * `docker compose up -d --wait`, its own progress shown.
 * @throws {StackError} when a port is taken, or a container does not become healthy
 */
export async function startCompose({ project, config, env, report }: ComposeOptions): Promise<Ports> {
  refuseFiles(env);
  const ports = readPorts(config, env);
  if (!(await isComposeRunning(project))) await refuseTakenPorts(PUBLISHED, ports);
  report.line("docker compose up -d --wait");
  const code = await interactive(["compose", "up", "-d", "--wait"], project, {
    ...env,
    // What compose itself has to know of config.ini.
    METRICS_PORT: String(config.metricsPort),
    RETENTION_DAYS: String(config.retentionDays),
    CONFIGURATION_HASH: configurationHash(project, env),
  });
  if (code !== 0) {
    const logs = await run("docker", ["compose", "logs", "--no-color", "--tail", "15"], {
      cwd: project,
    }).catch(() => "");
    throw new StackError(`docker compose 没有成功（退出码 ${code}）。日志的末尾：\n${logs}`);
  }
  return ports;
}

/** A label of the containers, so that they are made anew when something they read at start has changed. */
function configurationHash(project: string, env: Env): string {
  const folders = ["config", "prometheus", "alertmanager", "grafana"].map((name) => join(project, name));
  const secrets = GENERATED_SECRETS.map((name) => env[name]);
  return createHash("sha256")
    .update(hashFiles(...folders))
    .update(JSON.stringify(secrets))
    .digest("hex");
}

/** Whether this checkout has containers, running or not: another checkout's are none of its business. */
export async function isComposeRunning(project: string): Promise<boolean> {
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
  const code = await interactive(["compose", "down"], project, process.env);
  if (code !== 0) throw new StackError(`docker compose down 没有成功（退出码 ${code}）`);
}

function interactive(args: string[], cwd: string, env: Env): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", args, { cwd, env, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
