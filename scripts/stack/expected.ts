import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { readYaml } from "./yaml-file.ts";

/** What the servers have to show once they have taken a rendering; JSON, so that a container can tell it. */
export interface Expected {
  /** The metric alertmanager_config_hash. */
  alertmanager: number;
  prometheus: ExpectedPrometheus;
}

export interface ExpectedPrometheus {
  jobs: string[];
  /** host:port by job, for the jobs that only have targets from files. */
  targets: Record<string, string[]>;
  rules: ExpectedRule[];
}

export interface ExpectedRule {
  group: string;
  kind: "alerting" | "recording";
  name: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** @param folder a rendering */
export function readExpected(folder: string): Expected {
  return {
    alertmanager: configHash(readFileSync(join(folder, "alertmanager/alertmanager.yml"))),
    prometheus: readPrometheus(folder),
  };
}

/** The first six bytes of the MD5, little-endian: config/coordinator.go, md5HashAsMetricValue, in 0.25 and 0.33. */
function configHash(file: Buffer): number {
  return createHash("md5").update(file).digest().readUIntLE(0, 6);
}

interface RuleFile {
  groups?: {
    name: string;
    labels?: Record<string, string>;
    rules?: {
      alert?: string;
      record?: string;
      expr: string;
      labels?: Record<string, string>;
      annotations?: Record<string, string>;
    }[];
  }[];
}

interface PrometheusFile {
  rule_files?: string[];
  scrape_configs?: { job_name: string; file_sd_configs?: { files: string[] }[] }[];
}

function readPrometheus(folder: string): ExpectedPrometheus {
  const file = readValue<PrometheusFile>(folder, "prometheus/prometheus.yml");
  const scrapeConfigs = listOf(file?.scrape_configs);
  const matching = (patterns: string[]) =>
    globSync(patterns, { cwd: join(folder, "prometheus") }).map((file) =>
      relative(folder, resolve(folder, "prometheus", file)),
    );
  const onlyFiles = scrapeConfigs.filter((job) => {
    const sources = Object.keys(job).filter((key) => /(_sd|static)_configs$/.test(key));
    return sources.join() === "file_sd_configs";
  });
  return {
    jobs: scrapeConfigs.map(({ job_name }) => job_name).sort(),
    targets: Object.fromEntries(
      onlyFiles.map(({ job_name, file_sd_configs = [] }) => [
        job_name,
        matching(file_sd_configs.flatMap(({ files }) => files))
          .flatMap((file) => listOf(readValue<{ targets?: string[] }[]>(folder, file)))
          .flatMap(({ targets }) => listOf(targets))
          .sort(),
      ]),
    ),
    rules: matching(listOf(file?.rule_files))
      .filter((file) => !file.startsWith(".."))
      .flatMap((file) => rulesOf(folder, file)),
  };
}

function rulesOf(folder: string, file: string): ExpectedRule[] {
  const { groups } = readValue<RuleFile>(folder, file) ?? {};
  return listOf(groups).flatMap(({ name: group, labels: common, rules }) =>
    listOf(rules).map(({ alert, record, expr, labels, annotations }) => ({
      group,
      kind: alert === undefined ? "recording" : "alerting",
      name: alert ?? record ?? "",
      expr,
      labels: { ...common, ...labels },
      annotations: { ...annotations },
    })),
  );
}

/** A key with nothing behind it is an empty text. */
function listOf<T>(value: T[] | null | undefined): T[] {
  return Array.isArray(value) ? value : [];
}

/** Every value stays text, as in the answers of Prometheus: 1.0 is not 1. */
function readValue<T>(folder: string, name: string): T | null {
  return readYaml(join(folder, name), name, { schema: "failsafe", merge: true }).toJS() as T | null;
}
