import { readFileSync } from "node:fs";
import { relative } from "node:path";
import ini from "ini";
import { z } from "zod";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { escapeSigns, type LocatedLine, locateKeys, plainLines } from "./lines.ts";

export const CHANNEL_NAMES = ["wecom", "email"] as const;
export type ChannelName = (typeof CHANNEL_NAMES)[number];

/** A URL to probe. The name becomes the `service` label. */
export interface ServiceTarget {
  name: string;
  url: string;
}

/** config.ini, validated. Durations are in seconds, shares in percent unless the name says otherwise. */
export interface Config {
  enabled: boolean;
  metricsPort: number;
  alertEnabled: boolean;
  channels: ChannelName[];
  collectInterval: number;
  timezone: string;
  retentionDays: number;
  /** Daily backups: how many to keep, 0 for none at all, and the hour at which they are made. */
  backup: { keep: number; hour: number };
  thresholds: {
    responseTime: number;
    /** Errors per message, 0 to 1. */
    errorRate: number;
    /** With fewer messages in 5 minutes the error rate is not judged. */
    errorRateMinMessages: number;
    cpu: number;
    memory: number;
    disk: number;
    /** Hours until a disk is full, at its present speed. */
    diskFullHours: number;
    /** Today's messages, times yesterday's. */
    messageGrowth: number;
    /** Yesterday counts as at least this many messages. */
    messageGrowthFloor: number;
  };
  services: ServiceTarget[];
}

/** The exporter's own name among the probed services; the operator cannot use it for another. */
export const OWN_SERVICE = "monitoring";

/**
 * Reads config.ini once.
 * @param path the file; relative to the working directory
 * @throws {ConfigError} naming every problem by file, line, key and what is allowed
 */
export function readConfig(path: string): Config {
  return readConfigFile(path).config;
}

/** Also gives the very text that was validated: the file may have changed again since. @throws {ConfigError} */
export function readConfigFile(path: string): { config: Config; text: string } {
  const file = relative(process.cwd(), path) || path;
  const text = readText(path, file);
  return { config: parseConfig(text, file), text };
}

/** @param file how the text's origin is named in errors */
export function parseConfig(text: string, file: string): Config {
  const plain = plainLines(text);
  const lines = locateKeys(plain);
  const problems: ConfigProblem[] = [...structureProblems(lines, file)];
  const sections = ini.parse(plain.map(escapeSigns).join("\n"), { bracketedArray: false });
  const monitoring = monitoringSchema.safeParse(rawValues(sections.monitoring));
  const services = servicesSchema.safeParse(rawValues(sections.services));
  for (const [section, result] of [
    ["monitoring", monitoring],
    ["services", services],
  ] as const) {
    for (const issue of result.error?.issues ?? []) {
      const key = String(issue.path[0] ?? "");
      const at = lines.find((line) => line.section === section && line.key === key);
      if (problems.some((problem) => problem.section === section && problem.key === key)) continue;
      problems.push({ file, line: at?.number, section, key, value: at?.value, allowed: issue.message });
    }
  }
  if (problems.length > 0 || !monitoring.success || !services.success) {
    throw new ConfigError(problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  }
  return toConfig(monitoring.data, services.data);
}

function toConfig(values: z.output<typeof monitoringSchema>, services: Record<string, string>): Config {
  return {
    enabled: values.enabled,
    metricsPort: values.metrics_port,
    alertEnabled: values.alert_enabled,
    channels: values.alert_notification_channels,
    collectInterval: values.collect_interval,
    timezone: values.timezone,
    retentionDays: values.retention_days,
    backup: { keep: values.backup_keep, hour: values.backup_hour },
    thresholds: {
      responseTime: values.alert_threshold_response_time,
      errorRate: values.alert_threshold_error_rate,
      errorRateMinMessages: values.alert_error_rate_min_messages,
      cpu: values.alert_threshold_cpu,
      memory: values.alert_threshold_memory,
      disk: values.alert_threshold_disk,
      diskFullHours: values.alert_threshold_disk_full_hours,
      messageGrowth: values.alert_threshold_message_growth,
      messageGrowthFloor: values.alert_message_growth_floor,
    },
    services: Object.entries(services).map(([name, url]) => ({ name, url })),
  };
}

/** Every value arrives as text, so that the messages below are the only ones an operator can meet. */
const text = (allowed: string) => z.string({ error: allowed }).trim();

/** The words Python's configparser takes for a boolean: the module this replaces used it. */
const BOOLEANS = new Map([
  ...["true", "yes", "on", "1"].map((word) => [word, true] as const),
  ...["false", "no", "off", "0"].map((word) => [word, false] as const),
]);

function boolean(fallback: boolean) {
  const allowed = "应为 true 或 false";
  return text(allowed)
    .transform((value) => BOOLEANS.get(value.toLowerCase()))
    .pipe(z.boolean({ error: allowed }))
    .default(fallback);
}

interface Range {
  min: number;
  max: number;
  unit?: string;
  integer?: boolean;
  fallback: number;
}

function number({ min, max, unit, integer = false, fallback }: Range) {
  const allowed = `应为 ${min} 到 ${max} 的${integer ? "整数" : "数字"}${unit ? `（${unit}）` : ""}`;
  const form = integer ? /^\d+$/ : /^\d+(\.\d+)?$/;
  return text(allowed)
    .regex(form, allowed)
    .transform(Number)
    .pipe(z.number().min(min, allowed).max(max, allowed))
    .default(fallback);
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const timezone = text("应为时区名")
  .refine(isTimezone, "应为 IANA 时区名，例如 Asia/Shanghai")
  .default("Asia/Shanghai");

const CHANNELS_ALLOWED = `应为 ${CHANNEL_NAMES.join("、")} 中的一个或多个，用英文逗号分隔`;
const channels = text(CHANNELS_ALLOWED)
  .transform((value) => [...new Set(value.split(",").map((name) => name.trim()))])
  .pipe(z.array(z.enum(CHANNEL_NAMES, { error: CHANNELS_ALLOWED })))
  .default(["wecom", "email"]);

const monitoringSchema = z.object({
  enabled: boolean(true),
  metrics_port: number({ min: 1, max: 65535, integer: true, fallback: 8001 }),
  alert_enabled: boolean(true),
  alert_threshold_response_time: number({ min: 0.1, max: 300, unit: "秒", fallback: 5 }),
  alert_threshold_error_rate: number({ min: 0.001, max: 1, unit: "每条消息的错误数", fallback: 0.1 }),
  alert_notification_channels: channels,
  collect_interval: number({ min: 1, max: 300, unit: "秒", integer: true, fallback: 60 }),
  timezone,
  alert_threshold_cpu: number({ min: 1, max: 100, unit: "百分比", fallback: 80 }),
  alert_threshold_memory: number({ min: 1, max: 100, unit: "百分比", fallback: 80 }),
  alert_threshold_disk: number({ min: 1, max: 100, unit: "百分比", fallback: 90 }),
  alert_threshold_disk_full_hours: number({ min: 1, max: 720, unit: "小时", fallback: 24 }),
  alert_error_rate_min_messages: number({ min: 1, max: 1_000_000, unit: "条", integer: true, fallback: 10 }),
  alert_threshold_message_growth: number({ min: 1, max: 1000, unit: "倍", fallback: 5 }),
  alert_message_growth_floor: number({ min: 1, max: 1_000_000, unit: "条", integer: true, fallback: 20 }),
  retention_days: number({ min: 1, max: 3650, unit: "天", integer: true, fallback: 90 }),
  backup_keep: number({ min: 0, max: 365, unit: "份", integer: true, fallback: 0 }),
  backup_hour: number({ min: 0, max: 23, unit: "点", integer: true, fallback: 3 }),
});

const URL_ALLOWED = "应为 http:// 或 https:// 开头的完整网址，不含用户名和密码";

function isProbeUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}

const servicesSchema = z.record(z.string(), text(URL_ALLOWED).refine(isProbeUrl, URL_ALLOWED));

const KNOWN_KEYS = Object.keys(monitoringSchema.shape);

/** What the values cannot tell: sections and keys that nobody reads, and a key written twice. */
function* structureProblems(lines: LocatedLine[], file: string): Generator<ConfigProblem> {
  const seen = new Map<string, number>();
  for (const { number: line, section, key, value } of lines) {
    if (section !== "monitoring" && section !== "services") {
      const allowed = "只能有 [monitoring] 和 [services] 两节，且每个键都要写在节内";
      yield { file, line, section, key, value, allowed };
      continue;
    }
    if (key === undefined) continue;
    const problem = { file, line, section, key, value };
    const earlier = seen.get(`${section}/${key}`);
    seen.set(`${section}/${key}`, line);
    if (value === undefined) yield { ...problem, allowed: "应写成 键 = 值" };
    else if (earlier !== undefined) yield { ...problem, allowed: `与第 ${earlier} 行重复，只能写一次` };
    else if (section === "monitoring" && !KNOWN_KEYS.includes(key)) {
      yield { ...problem, allowed: `没有这个键；可用的键：${KNOWN_KEYS.join("、")}` };
    } else if (section === "services" && !isServiceName(key)) {
      yield {
        ...problem,
        allowed: `服务名应为 1 到 64 个字符，不含引号和反斜杠，且不是 ${TAKEN.join("、")}`,
      };
    }
  }
}

/** The ini library drops the second without a word. */
const TAKEN = [OWN_SERVICE, "__proto__"];

function isServiceName(name: string): boolean {
  return /^[^\p{C}"'\\[\]]{1,64}$/u.test(name) && !TAKEN.includes(name);
}

/** The ini library turns true, false and null into values of their own; here everything is text again. */
function rawValues(section: unknown): Record<string, string> {
  const known = section !== null && typeof section === "object" ? Object.entries(section) : [];
  return Object.fromEntries(known.map(([key, value]) => [key, String(value)]));
}

function readText(path: string, file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const allowed = code === "ENOENT" ? "找不到这个文件" : `无法读取这个文件（${code}）`;
    throw new ConfigError([{ file, allowed }], { cause });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError([{ file, allowed: "文件应以 UTF-8 编码保存" }], { cause });
  }
}
