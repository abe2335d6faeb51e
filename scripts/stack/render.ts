import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Document, isMap, parseDocument, type YAMLMap } from "yaml";
import type { Config } from "../../config/config.ts";
import type { PartUrls } from "../../config/environment.ts";

import type { EmailConfig } from "./fallback-mail.ts";
import { StackError } from "./project.ts";
import { renderWaits } from "./render-waits.ts";

/** host:port of each part, as Prometheus reaches it; undefined for one that is not there. */
export type PartAddresses = Record<keyof PartUrls, string | undefined>;

export interface RenderOptions {
  /** The checkout with the committed prometheus/ and alertmanager/. */
  project: string;
  /** Where renderings go; publish.ts says which one is current. */
  out: string;
  config: Config;
  /** The text that `config` was read from. */
  configText: string;
  addresses: PartAddresses;
  publicUrls: Omit<PartUrls, "relay">;
  /** A file that holds the relay's token, as Alertmanager sees it. */
  relayTokenFile: string | undefined;
  /** How Alertmanager tells that the relay does not; undefined where no mail is set up. */
  fallbackMail: EmailConfig | undefined;
}

/** What was rendered: `hash` changes when any file does. */
export interface Rendering {
  hash: string;
  /** out/hash */
  folder: string;
}

/** What the committed files are valid with, to be replaced by the operator's. */
const DEFAULTS = {
  addresses: {
    wecom_legal_service: "localhost:8001",
    relay: "localhost:8002",
    prometheus: "localhost:9090",
    alertmanager: "localhost:9093",
    grafana: "localhost:3000",
  },
  exporterUrl: "http://localhost:8001",
  grafanaUrl: "http://localhost:3000",
  relayUrl: "http://localhost:8002",
} as const;

/**
 * Copies the servers' configuration with the operator's values in place, and config.ini itself for our services. Each
 * rendering is a folder of its own, named by its content; nobody reads it before it is published.
 */
export function render(options: RenderOptions): Rendering {
  const draft = join(options.out, `.draft-${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o755 });
  cpSync(join(options.project, "prometheus"), join(draft, "prometheus"), { recursive: true });
  renderThresholds(join(draft, "prometheus/rules/thresholds.yml"), options.config);
  const services = join(draft, "prometheus/rules/services.yml");
  const document = readYaml(services);
  renderWaits(document, options.config.collectInterval);
  writeFileSync(services, document.toString({ lineWidth: 0 }));
  renderLinks(join(draft, "prometheus/rules"), options.publicUrls);
  renderTargets(join(draft, "prometheus/targets"), options.addresses);
  renderAlertmanager(options, join(draft, "alertmanager"));
  cpSync(join(options.project, "grafana/dashboards"), join(draft, "grafana/dashboards"), { recursive: true });
  renderLinks(join(draft, "grafana/dashboards"), options.publicUrls);
  writeFileSync(join(draft, "config.ini"), options.configText);
  const hash = hashFolder(draft);
  const folder = join(options.out, hash);
  // One that somebody edited by hand is made anew: its name says what is in it.
  if (existsSync(folder) && hashFolder(folder) !== hash) rmSync(folder, { recursive: true });
  if (existsSync(folder)) rmSync(draft, { recursive: true });
  else renameSync(draft, folder);
  return { hash, folder };
}

/** A threshold that no key of config.ini belongs to stays as it is committed. */
function renderThresholds(file: string, { thresholds }: Config): void {
  const values: Record<string, number> = {
    HighCpuUsage: thresholds.cpu,
    HighMemoryUsage: thresholds.memory,
    HighDiskUsage: thresholds.disk,
    DiskFullSoon: thresholds.diskFullHours,
    SlowServiceResponse: thresholds.responseTime,
    HighMessageErrorRate: thresholds.errorRate,
    "monitoring:error_rate_min_messages": thresholds.errorRateMinMessages,
    MessageVolumeSurge: thresholds.messageGrowth,
    "monitoring:message_growth_floor": thresholds.messageGrowthFloor,
  };
  const document = readYaml(file);
  const rules = rulesOf(document.getIn(["groups", 0, "rules"]));
  for (const [name, value] of Object.entries(values)) {
    const rule = rules.find((rule) => (rule.getIn(["labels", "alert"]) ?? rule.get("record")) === name);
    const expression = rule?.get("expr", true);
    if (expression === undefined) throw new Error(`${file}: no rule records the threshold of ${name}`);
    expression.value = value;
  }
  writeFileSync(file, document.toString({ lineWidth: 0 }));
}

/** @throws {StackError} by file and line */
function readYaml(file: string): Document {
  const document = parseDocument(readFileSync(file, "utf8"));
  const [error] = document.errors;
  if (error) throw new StackError(`${file} 不是正确的 YAML：${error.message}`);
  return document;
}

function rulesOf(node: unknown): YAMLMap[] {
  const items = (node as { items?: unknown[] } | undefined)?.items ?? [];
  return items.filter((item): item is YAMLMap => isMap(item));
}

/** In one go, so that an address that was put in place is not taken for another default. */
const DEFAULT_LINKS = new RegExp(`(${DEFAULTS.exporterUrl}|${DEFAULTS.grafanaUrl})(?!\\d)`, "g");

function renderLinks(folder: string, urls: Omit<PartUrls, "relay">): void {
  const links: Record<string, string> = {
    [DEFAULTS.exporterUrl]: urls.exporter,
    [DEFAULTS.grafanaUrl]: urls.grafana,
  };
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const text = readFileSync(file, "utf8");
    const linked = text.replaceAll(DEFAULT_LINKS, (url) => links[url] ?? url);
    writeFileSync(file, linked);
  }
}

/** Only the bundle's own address is replaced: what an operator added stays. */
function renderTargets(folder: string, addresses: PartAddresses): void {
  for (const [job, original] of Object.entries(DEFAULTS.addresses)) {
    const file = join(folder, `${job}.yml`);
    const document = readYaml(file);
    const targets = document.getIn([0, "targets"]) as { items: { value: unknown }[] } | undefined;
    const address = addresses[job === "wecom_legal_service" ? "exporter" : (job as keyof PartAddresses)];
    if (targets) {
      for (const target of targets.items) if (target.value === original) target.value = address;
      targets.items = targets.items.filter((target) => target.value !== undefined);
    }
    writeFileSync(file, document.toString({ lineWidth: 0 }));
  }
}

function renderAlertmanager(
  { project, addresses, relayTokenFile, fallbackMail }: RenderOptions,
  folder: string,
): void {
  const document = readYaml(join(project, "alertmanager/alertmanager.yml"));
  const receivers = document.toJS().receivers as { name: string; webhook_configs?: { url: string }[] }[];
  for (const [index, { name, webhook_configs: webhooks = [] }] of receivers.entries()) {
    if (name === "fallback" && fallbackMail) {
      document.setIn(["receivers", index, "email_configs"], [fallbackMail]);
    }
    for (const [place, { url }] of webhooks.entries()) {
      // The operator's own webhooks must not see the relay's token.
      if (!url.startsWith(`${DEFAULTS.relayUrl}/`)) continue;
      const path = ["receivers", index, "webhook_configs", place];
      document.setIn([...path, "url"], url.replace(DEFAULTS.relayUrl, `http://${addresses.relay}`));
      if (relayTokenFile === undefined) continue;
      document.setIn([...path, "http_config"], {
        authorization: { type: "Bearer", credentials_file: relayTokenFile },
      });
    }
  }
  mkdirSync(folder);
  writeFileSync(join(folder, "alertmanager.yml"), document.toString({ lineWidth: 0 }));
}

function hashFolder(folder: string): string {
  const hash = createHash("sha256");
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  for (const file of files)
    hash.update(file.slice(folder.length)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex").slice(0, 16);
}
