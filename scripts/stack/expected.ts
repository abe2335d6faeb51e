import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

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
    prometheus: readPrometheus(join(folder, "prometheus")),
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
  const { rule_files = [], scrape_configs = [] } = readYaml<PrometheusFile>(join(folder, "prometheus.yml"));
  const matching = (patterns: string[]) =>
    globSync(patterns, { cwd: folder }).map((file) => join(folder, file));
  const onlyFiles = scrape_configs.filter((job) => {
    const sources = Object.keys(job).filter((key) => /(_sd|static)_configs$/.test(key));
    return sources.join() === "file_sd_configs";
  });
  return {
    jobs: scrape_configs.map(({ job_name }) => job_name).sort(),
    targets: Object.fromEntries(
      onlyFiles.map(({ job_name, file_sd_configs = [] }) => [
        job_name,
        matching(file_sd_configs.flatMap(({ files }) => files))
          .flatMap((file) => readYaml<{ targets?: string[] }[]>(file))
          .flatMap(({ targets = [] }) => targets)
          .sort(),
      ]),
    ),
    rules: matching(rule_files).flatMap(rulesOf),
  };
}

function rulesOf(file: string): ExpectedRule[] {
  return (readYaml<RuleFile>(file).groups ?? []).flatMap(({ name: group, labels: common, rules = [] }) =>
    rules.map(({ alert, record, expr, labels, annotations }) => ({
      group,
      kind: alert === undefined ? "recording" : "alerting",
      name: alert ?? record ?? "",
      expr,
      labels: { ...common, ...labels },
      annotations: { ...annotations },
    })),
  );
}

/** Every value stays text, as in the answers of Prometheus: 1.0 is not 1. */
function readYaml<T>(file: string): T {
  return parse(readFileSync(file, "utf8"), { schema: "failsafe", merge: true }) as T;
}
