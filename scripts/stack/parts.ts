import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import {
  type Env,
  EnvironmentError,
  optional,
  type PartUrls,
  readPublicUrls,
  readSecret,
} from "../../config/environment.ts";
import { isLoopback } from "../../service/http.ts";
import type { ProcessSpec } from "./processes.ts";
import type { StatePaths } from "./project.ts";
import type { ServerName } from "./releases.ts";
import type { Rendering } from "./render.ts";
import type { Server } from "./servers.ts";

export type PartName = keyof PartUrls;

export const PART_TITLES: Record<PartName, string> = {
  exporter: "采集程序",
  relay: "告警转发",
  prometheus: "Prometheus",
  alertmanager: "Alertmanager",
  grafana: "Grafana",
};

export type Ports = Record<PartName, number>;

/** @throws {EnvironmentError} */
export function readPorts(config: Config, env: Env): Ports {
  const port = (name: string, fallback: number) => {
    const text = optional(env, name) ?? String(fallback);
    if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > 65535) {
      throw new EnvironmentError(`环境变量 ${name}：应为 1 到 65535 的整数`);
    }
    return Number(text);
  };
  const ports = {
    exporter: config.metricsPort,
    relay: port("RELAY_PORT", 8002),
    prometheus: port("PROMETHEUS_PORT", 9090),
    alertmanager: port("ALERTMANAGER_PORT", 9093),
    grafana: port("GRAFANA_PORT", 3000),
  };
  refuseTwice(ports);
  return ports;
}

function refuseTwice(ports: Ports): void {
  const users = Object.groupBy(Object.keys(ports) as PartName[], (part) => String(ports[part]));
  for (const [port, parts = []] of Object.entries(users)) {
    if (parts.length > 1) {
      throw new EnvironmentError(
        `端口 ${port} 被分给了 ${parts.map((part) => PART_TITLES[part]).join("和")}，各部分的端口必须不同`,
      );
    }
  }
}

/** Where a part is reached from this machine: the exporter may listen on one address only. */
export function partHost(part: PartName, env: Env): string {
  const host = optional(env, "HOST");
  const elsewhere = host !== undefined && host !== "0.0.0.0" && host !== "::" && !isLoopback(host);
  return part === "exporter" && elsewhere ? host : "localhost";
}

/** Where each part is reached on this machine. */
export function localUrls(ports: Ports): PartUrls {
  const url = (part: PartName) => `http://localhost:${ports[part]}`;
  return {
    exporter: url("exporter"),
    relay: url("relay"),
    prometheus: url("prometheus"),
    alertmanager: url("alertmanager"),
    grafana: url("grafana"),
  };
}

/** Addresses for people: what the operator says, else this machine's. */
export function publicUrls(config: Config, env: Env, ports: Ports): Omit<PartUrls, "relay"> {
  const local = localUrls(ports);
  return readPublicUrls(
    {
      PUBLIC_PROMETHEUS_URL: local.prometheus,
      PUBLIC_ALERTMANAGER_URL: local.alertmanager,
      PUBLIC_GRAFANA_URL: local.grafana,
      ...Object.fromEntries(
        Object.entries(env).filter(([name, value]) => name.startsWith("PUBLIC_") && value),
      ),
    },
    config.metricsPort,
  );
}

/** A part and how to know that it is ready. */
export interface Part extends ProcessSpec {
  name: PartName;
  port: number;
  readyUrl: string;
}

export interface PartsOptions {
  project: string;
  paths: StatePaths;
  config: Config;
  configFile: string;
  env: Env;
  ports: Ports;
  servers: Partial<Record<ServerName, Server>>;
  rendering: Rendering;
}

/** Every part of a native stack that can be had, in the order in which they start. */
export function createParts(options: PartsOptions): Part[] {
  const { prometheus, alertmanager, grafana } = options.servers;
  return [
    servicePart("relay", "alertmanager/relay/main.ts", options),
    ...(alertmanager ? [alertmanagerPart(alertmanager, options)] : []),
    servicePart("exporter", "exporter/main.ts", options),
    ...(prometheus ? [prometheusPart(prometheus, options)] : []),
    ...(grafana ? [grafanaPart(grafana, options)] : []),
  ];
}

/** What a process needs of the machine; none of it decides whether to start it anew. */
const MACHINE_VARIABLES = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "SystemRoot"];

const withFiles = (names: string[]) => names.flatMap((name) => [name, `${name}_FILE`]);

const COMMON_VARIABLES = [
  "LOG_LEVEL",
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_USE_ENV_PROXY", "NODE_EXTRA_CA_CERTS"],
];

/** What our services take from the operator. Only the exporter is ever open to other machines. */
const SERVICE_VARIABLES = {
  exporter: [...COMMON_VARIABLES, "HOST", "HOST_ROOT", ...withFiles(["EXPORTER_TOKEN"])],
  relay: [
    ...COMMON_VARIABLES,
    ...["WECOM_API_BASE", "EMAIL_FROM", "EMAIL_TO"],
    ...withFiles(["RELAY_TOKEN", "WECOM_ROBOT_KEY", "SMTP_URL"]),
  ],
};

interface Draft {
  name: PartName;
  command: string[];
  env: Record<string, string>;
  readyPath: string;
  /** What it reads at start besides its command and environment. */
  inputs: string;
}

function toPart(
  { name, command, env, readyPath, inputs }: Draft,
  { project, env: outer, ports }: PartsOptions,
): Part {
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([command, env, inputs]))
    .digest("hex");
  return {
    name,
    command,
    cwd: project,
    env: { ...pick(outer, MACHINE_VARIABLES), ...env },
    fingerprint,
    port: ports[name],
    readyUrl: `http://${partHost(name, outer)}:${ports[name]}${readyPath}`,
  };
}

function servicePart(name: "exporter" | "relay", entry: string, options: PartsOptions): Part {
  const { project, paths, config, configFile, env, ports } = options;
  const urls = localUrls(ports);
  const people = publicUrls(config, env, ports);
  const draft = {
    name,
    command: [process.execPath, join(project, entry)],
    env: {
      MONITORING_CONFIG: configFile,
      DATA_DIR: paths.data,
      RELAY_PORT: String(ports.relay),
      RELAY_URL: urls.relay,
      PROMETHEUS_URL: urls.prometheus,
      ALERTMANAGER_URL: urls.alertmanager,
      GRAFANA_URL: urls.grafana,
      PUBLIC_EXPORTER_URL: people.exporter,
      PUBLIC_PROMETHEUS_URL: people.prometheus,
      PUBLIC_ALERTMANAGER_URL: people.alertmanager,
      PUBLIC_GRAFANA_URL: people.grafana,
      ...pick(env, SERVICE_VARIABLES[name]),
    },
    readyPath: "/-/ready",
    inputs: readFileSync(configFile, "utf8") + sourceHash(project),
  };
  return toPart(draft, options);
}

function prometheusPart(server: Server, options: PartsOptions): Part {
  const { paths, config, env, ports, rendering } = options;
  const command = [
    ...server.command,
    `--config.file=${join(rendering.folder, "prometheus/prometheus.yml")}`,
    `--storage.tsdb.path=${join(paths.data, "prometheus")}`,
    `--storage.tsdb.retention.time=${config.retentionDays}d`,
    `--web.listen-address=127.0.0.1:${ports.prometheus}`,
    `--web.external-url=${publicUrls(config, env, ports).prometheus}`,
    "--web.route-prefix=/",
    "--web.enable-lifecycle",
  ];
  const inputs = hashFiles(join(rendering.folder, "prometheus"));
  return toPart({ name: "prometheus", command, env: {}, readyPath: "/-/ready", inputs }, options);
}

function alertmanagerPart(server: Server, options: PartsOptions): Part {
  const { paths, config, env, ports, rendering } = options;
  const command = [
    ...server.command,
    `--config.file=${join(rendering.folder, "alertmanager/alertmanager.yml")}`,
    `--storage.path=${join(paths.data, "alertmanager")}`,
    `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
    `--web.external-url=${publicUrls(config, env, ports).alertmanager}`,
    "--web.route-prefix=/",
    // One Alertmanager alone: no cluster, no second port.
    "--cluster.listen-address=",
  ];
  const inputs = hashFiles(join(rendering.folder, "alertmanager"));
  return toPart({ name: "alertmanager", command, env: {}, readyPath: "/-/ready", inputs }, options);
}

function grafanaPart(server: Server, options: PartsOptions): Part {
  const { project, paths, config, env, ports, rendering } = options;
  const urls = localUrls(ports);
  const data = join(paths.data, "grafana");
  const draft = {
    name: "grafana" as const,
    command: [...server.command, "server", ...(server.home ? [`--homepath=${server.home}`] : [])],
    env: {
      ...GRAFANA_SETTINGS,
      GF_SECURITY_ADMIN_PASSWORD: requireAdminPassword(env),
      GF_SERVER_HTTP_ADDR: "127.0.0.1",
      GF_SERVER_HTTP_PORT: String(ports.grafana),
      GF_SERVER_ROOT_URL: publicUrls(config, env, ports).grafana,
      GF_PATHS_DATA: data,
      GF_PATHS_LOGS: join(data, "log"),
      GF_PATHS_PLUGINS: join(data, "plugins"),
      GF_PATHS_PROVISIONING: join(project, "grafana/provisioning"),
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(rendering.folder, "grafana/dashboards/overview.json"),
      DASHBOARDS_PATH: join(rendering.folder, "grafana/dashboards"),
      PROMETHEUS_URL: urls.prometheus,
      ALERTMANAGER_URL: urls.alertmanager,
    },
    readyPath: "/api/health",
    inputs: hashFiles(join(project, "grafana/provisioning")),
  };
  return toPart(draft, options);
}

/** Without one Grafana would take its own default, which everybody knows. */
function requireAdminPassword(env: Env): string {
  const password = readSecret(env, "GRAFANA_ADMIN_PASSWORD");
  if (password === undefined) throw new EnvironmentError("GRAFANA_ADMIN_PASSWORD 没有设置");
  return password;
}

/** The same as in docker-compose.yml: Chinese, nothing phones home, nobody gets in without a password. */
const GRAFANA_SETTINGS = {
  GF_USERS_DEFAULT_LANGUAGE: "zh-Hans",
  GF_USERS_ALLOW_SIGN_UP: "false",
  GF_AUTH_ANONYMOUS_ENABLED: "false",
  GF_ANALYTICS_ENABLED: "false",
  GF_ANALYTICS_REPORTING_ENABLED: "false",
  GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
  GF_PLUGINS_PREINSTALL_DISABLED: "true",
  GF_NEWS_NEWS_FEED_ENABLED: "false",
  GF_SECURITY_DISABLE_GRAVATAR: "true",
  GF_LOG_MODE: "console",
};

function pick(env: Env, names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** Changes when our own services' code does. */
function sourceHash(project: string): string {
  return hashFiles(
    ...["config", "service", "exporter", "alertmanager", "package-lock.json"].map((name) =>
      join(project, name),
    ),
  );
}

/** Changes when any of these files, or of the files in these folders, does. */
export function hashFiles(...paths: string[]): string {
  const hash = createHash("sha256");
  for (const file of paths.flatMap(listFiles)) hash.update(readFileSync(file));
  return hash.digest("hex");
}

function listFiles(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    return [path];
  }
}

/** Where the operator sets a part's port. */
export function portSetting(part: PartName): string {
  return part === "exporter" ? "config/config.ini 里的 metrics_port" : `.env 里的 ${part.toUpperCase()}_PORT`;
}
