import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { type Env, EnvironmentError } from "../../config/environment.ts";
import { localUrls, type PartName, type Ports, type ProcessName, partHost, publicUrls } from "./addresses.ts";
import { readAdminPassword } from "./admin-password.ts";
import { hashFiles, listFiles } from "./hash-files.ts";
import { MACHINE_VARIABLES, pick, SERVICE_VARIABLES } from "./part-variables.ts";
import type { ProcessSpec } from "./processes.ts";
import type { StatePaths } from "./project.ts";
import { currentFolder } from "./publish.ts";
import type { Server, Servers } from "./servers.ts";
import { configFingerprint, type ServiceName } from "./service-inputs.ts";

/** What is to run of the stack. */
export interface Part extends ProcessSpec {
  name: ProcessName;
}

export interface PartsOptions {
  project: string;
  paths: StatePaths;
  config: Config;
  env: Env;
  ports: Ports;
  servers: Servers;
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
    ...(options.config.backup.keep > 0 ? [backupPart(options)] : []),
  ];
}

/**
 * How Node runs a service; package.json and docker-compose.yml say the same. A small young generation saves 20 MB
 * that would be garbage most of the time; a smaller one costs the exporter a sixth of its events a second. SIGUSR1
 * would open a debugger on loopback, for every user of the machine.
 */
export function serviceFlags(project: string): string[] {
  return [
    "--import",
    join(project, "service/compile-cache.mjs"),
    "--max-semi-space-size=4",
    "--disable-sigusr1",
  ];
}

interface Draft {
  name: PartName;
  command: string[];
  env: Record<string, string>;
  readyPath: string;
  /** What it reads at start besides its command and environment, and cannot be made to read again. */
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
    readyUrl: `http://${partHost(name, outer)}:${ports[name]}${readyPath}`,
  };
}

function servicePart(name: ServiceName, entry: string, options: PartsOptions): Part {
  const { project, paths, config, env, ports } = options;
  const urls = localUrls(ports);
  const people = publicUrls(config, env, ports);
  const draft = {
    name,
    command: [process.execPath, ...serviceFlags(project), join(project, entry)],
    env: {
      // Not the operator's own file: it may be half edited when a service happens to start.
      MONITORING_CONFIG: join(currentFolder(paths.config), "config.ini"),
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
    inputs: configFingerprint(name, config) + sourceHash(project, ["exporter", "alertmanager"]),
  };
  return toPart(draft, options);
}

function prometheusPart(server: Server, options: PartsOptions): Part {
  const { paths, config, env, ports } = options;
  const command = [
    ...server.command,
    `--config.file=${join(currentFolder(paths.config), "prometheus/prometheus.yml")}`,
    `--storage.tsdb.path=${join(paths.data, "prometheus")}`,
    `--storage.tsdb.retention.time=${config.retentionDays}d`,
    `--web.listen-address=127.0.0.1:${ports.prometheus}`,
    `--web.external-url=${publicUrls(config, env, ports).prometheus}`,
    "--web.route-prefix=/",
    "--web.enable-lifecycle",
    // For npm run backup, which asks for a snapshot.
    "--web.enable-admin-api",
    // Its default lets any page in a browser on this machine read everything.
    "--web.cors.origin=none",
    // The default, named because the heartbeat and how long Alertmanager believes an alert (4 times this) hang on it.
    "--rules.alert.resend-delay=1m",
  ];
  return toPart({ name: "prometheus", command, env: {}, readyPath: "/-/ready", inputs: "" }, options);
}

function alertmanagerPart(server: Server, options: PartsOptions): Part {
  const { paths, config, env, ports } = options;
  const command = [
    ...server.command,
    `--config.file=${join(currentFolder(paths.config), "alertmanager/alertmanager.yml")}`,
    `--storage.path=${join(paths.data, "alertmanager")}`,
    // Silences, and what was told: a crash forgets what came since.
    "--data.maintenance-interval=1m",
    `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
    `--web.external-url=${publicUrls(config, env, ports).alertmanager}`,
    "--web.route-prefix=/",
    // One Alertmanager alone: no cluster, no second port.
    "--cluster.listen-address=",
  ];
  // It sends mail as the relay does. Go looks there besides the folders of the system.
  const own = env.NODE_EXTRA_CA_CERTS ? { SSL_CERT_FILE: env.NODE_EXTRA_CA_CERTS } : {};
  return toPart({ name: "alertmanager", command, env: own, readyPath: "/-/ready", inputs: "" }, options);
}

function grafanaPart(server: Server, options: PartsOptions): Part {
  const { project, paths, config, env, ports } = options;
  const urls = localUrls(ports);
  const data = join(paths.data, "grafana");
  const dashboards = join(currentFolder(paths.config), "grafana/dashboards");
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
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(dashboards, "overview.json"),
      DASHBOARDS_PATH: dashboards,
      PROMETHEUS_URL: urls.prometheus,
      ALERTMANAGER_URL: urls.alertmanager,
    },
    readyPath: "/api/health",
    inputs: hashFiles(join(project, "grafana/provisioning")),
  };
  return toPart(draft, options);
}

/** It reads .env itself when it makes a backup. */
function backupPart({ project, paths, config, env, ports }: PartsOptions): Part {
  const command = [
    process.execPath,
    join(project, "scripts/backup/daily.ts"),
    ...[join(project, "scripts/backup.ts"), "--daily"],
  ];
  const own = {
    MONITORING_CONFIG: join(currentFolder(paths.config), "config.ini"),
    BACKUP_DIR: env.BACKUP_DIR || join(project, "backups"),
    ALERTMANAGER_URL: localUrls(ports).alertmanager,
    PUBLIC_EXPORTER_URL: publicUrls(config, env, ports).exporter,
  };
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([command, own, config.backup, config.timezone, sourceHash(project, ["scripts"])]))
    .digest("hex");
  return {
    name: "backup",
    command,
    cwd: project,
    env: { ...pick(env, MACHINE_VARIABLES), ...own },
    fingerprint,
    readyUrl: undefined,
  };
}

/** Without one Grafana would take its own default, which everybody knows. */
function requireAdminPassword(env: Env): string {
  const password = readAdminPassword(env);
  if (password === undefined) throw new EnvironmentError("GRAFANA_ADMIN_PASSWORD 没有设置");
  return password;
}

/** The same as in docker-compose.yml: Chinese, nothing phones home, nobody gets in without a password. */
export const GRAFANA_SETTINGS = {
  GF_USERS_DEFAULT_LANGUAGE: "zh-Hans",
  GF_USERS_ALLOW_SIGN_UP: "false",
  GF_AUTH_ANONYMOUS_ENABLED: "false",
  GF_ANALYTICS_ENABLED: "false",
  GF_ANALYTICS_REPORTING_ENABLED: "false",
  GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
  GF_ANALYTICS_FEEDBACK_LINKS_ENABLED: "false",
  GF_PLUGINS_PREINSTALL_DISABLED: "true",
  GF_PLUGINS_PREINSTALL_AUTO_UPDATE: "false",
  GF_PLUGINS_PLUGIN_ADMIN_ENABLED: "false",
  GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: "true",
  GF_SNAPSHOTS_EXTERNAL_ENABLED: "false",
  GF_PUBLIC_DASHBOARDS_ENABLED: "false",
  GF_NEWS_NEWS_FEED_ENABLED: "false",
  GF_SECURITY_DISABLE_GRAVATAR: "true",
  GF_LOG_MODE: "console",
};

/**
 * Changes when our own code does, which shares its folders with files that are rendered.
 * @param folders those that not every part of ours uses
 */
function sourceHash(project: string, folders: string[]): string {
  const names = ["config", "service", "package-lock.json", ...folders];
  const files = names.flatMap((name) => listFiles(join(project, name)));
  return hashFiles(
    project,
    files.filter((file) => !/\.(ini|yml)$/.test(file)),
  );
}
