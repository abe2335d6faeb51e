import { readFileSync } from "node:fs";
import { z } from "zod";

export type Env = Readonly<Record<string, string | undefined>>;

/** A variable of the environment is wrong; the message names it and says what is allowed. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/** Where the parts of the stack are, as seen from a service. */
export interface PartUrls {
  exporter: string;
  relay: string;
  prometheus: string;
  alertmanager: string;
  grafana: string;
}

/** What every service takes from its environment. Paths are relative to the working directory. */
export interface ServiceEnvironment {
  configFile: string;
  dataDir: string;
  host: string;
  relayPort: number;
  logLevel: string;
  /** Addresses for this process. */
  urls: Omit<PartUrls, "exporter">;
  /** Addresses for people: what links in messages and pages point to. */
  publicUrls: Omit<PartUrls, "relay">;
  exporterToken: string | undefined;
  relayToken: string | undefined;
  /** Where the host's file systems are mounted, in a container; "/" on the host itself. */
  hostRoot: string;
}

/**
 * @param env usually process.env
 * @param metricsPort from config.ini; part of the exporter's default public address
 * @throws {EnvironmentError}
 */
export function readServiceEnvironment(env: Env, metricsPort: number): ServiceEnvironment {
  const relayPort = Number(read(env, "RELAY_PORT", PORT, "8002"));
  const prometheus = readUrl(env, "PROMETHEUS_URL", "http://localhost:9090");
  const alertmanager = readUrl(env, "ALERTMANAGER_URL", "http://localhost:9093");
  const grafana = readUrl(env, "GRAFANA_URL", "http://localhost:3000");
  return {
    configFile: configFile(env),
    dataDir: optional(env, "DATA_DIR") ?? ".stack/data",
    host: optional(env, "HOST") ?? "127.0.0.1",
    relayPort,
    logLevel: read(env, "LOG_LEVEL", LOG_LEVEL, "info"),
    urls: {
      relay: readUrl(env, "RELAY_URL", `http://localhost:${relayPort}`),
      prometheus,
      alertmanager,
      grafana,
    },
    publicUrls: readPublicUrls(env, metricsPort),
    exporterToken: readSecret(env, "EXPORTER_TOKEN"),
    relayToken: readSecret(env, "RELAY_TOKEN"),
    hostRoot: optional(env, "HOST_ROOT") ?? "/",
  };
}

/** Addresses for people, without a trailing slash. @throws {EnvironmentError} for one with a password in it */
export function readPublicUrls(env: Env, metricsPort: number): Omit<PartUrls, "relay"> {
  return {
    exporter: readPublicUrl(env, "PUBLIC_EXPORTER_URL", `http://localhost:${metricsPort}`),
    prometheus: readPublicUrl(env, "PUBLIC_PROMETHEUS_URL", "http://localhost:9090"),
    alertmanager: readPublicUrl(env, "PUBLIC_ALERTMANAGER_URL", "http://localhost:9093"),
    grafana: readPublicUrl(env, "PUBLIC_GRAFANA_URL", "http://localhost:3000"),
  };
}

/** It is shown in every message and page. */
function readPublicUrl(env: Env, name: string, fallback: string): string {
  const url = readUrl(env, name, fallback);
  const { username, password } = new URL(url);
  if (username === "" && password === "") return url;
  throw new EnvironmentError(`环境变量 ${name}：不能带用户名和密码，所有收到告警的人都会看到这个网址`);
}

export function configFile(env: Env): string {
  return optional(env, "MONITORING_CONFIG") ?? "config/config.ini";
}

/**
 * A secret given as NAME or, for a file that holds it, NAME_FILE. Empty counts as not given.
 * @throws {EnvironmentError} for both at once, or a file that cannot be read
 */
export function readSecret(env: Env, name: string): string | undefined {
  const value = optional(env, name);
  const file = optional(env, `${name}_FILE`);
  if (file === undefined) return value;
  if (value !== undefined) throw new EnvironmentError(`${name} 和 ${name}_FILE 只能设置一个`);
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new EnvironmentError(`${name}_FILE：无法读取 ${file}（${code}）`, { cause });
  }
}

/** A variable's value; empty counts as not given, as docker compose passes unset ones. */
export function optional(env: Env, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

const PORT = z
  .string()
  .regex(/^\d+$/)
  .refine((value) => Number(value) <= 65535);
const LOG_LEVEL = z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]);
const HTTP_URL = z.string().refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ""));

const ALLOWED = new Map<z.ZodType<string, string>, string>([
  [PORT, "应为 0 到 65535 的整数"],
  [LOG_LEVEL, `应为 ${LOG_LEVEL.options.join("、")} 之一`],
  [HTTP_URL, "应为 http:// 或 https:// 开头的网址"],
]);

export function readUrl(env: Env, name: string, fallback: string): string {
  return read(env, name, HTTP_URL, fallback).replace(/\/+$/, "");
}

/** The value itself is not repeated in the error: a URL may carry a key. */
function read(env: Env, name: string, schema: z.ZodType<string, string>, fallback: string): string {
  const result = schema.safeParse(optional(env, name) ?? fallback);
  if (!result.success) throw new EnvironmentError(`环境变量 ${name}：${ALLOWED.get(schema)}`);
  return result.data;
}
