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
import { isMap, isScalar, isSeq, type YAMLMap } from "yaml";
import type { Config } from "../../config/config.ts";
import type { PartUrls } from "../../config/environment.ts";
import type { EmailConfig } from "./fallback-mail.ts";
import { hashFiles } from "./hash-files.ts";
import { StackError } from "./project.ts";
import { renderWaits } from "./render-waits.ts";
import { readYaml } from "./yaml-file.ts";

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
  prometheusUrl: "http://localhost:9090",
  relayUrl: "http://localhost:8002",
} as const;

/**
 * Copies the servers' configuration with the operator's values in place, and config.ini itself for our services. Each
 * rendering is a folder of its own, named by its content; nobody reads it before it is published.
 * @throws {StackError} by the operator's own file, where one is missing or not as it should be
 */
export function render(options: RenderOptions): Rendering {
  const draft = join(options.out, `.draft-${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o755 });
  try {
    return keep(renderDraft(options, draft), options.out);
  } catch (error) {
    throw withoutFolders(error as NodeJS.ErrnoException, [draft, options.project]);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** @returns the folder */
function renderDraft(options: RenderOptions, draft: string): string {
  cpSync(join(options.project, "prometheus"), join(draft, "prometheus"), { recursive: true });
  renderThresholds(draft, options.config);
  renderWaits(draft, options.config.collectInterval);
  renderLinks(join(draft, "prometheus/rules"), options.publicUrls);
  renderTargets(draft, options.addresses);
  renderAlertmanager(options, draft);
  cpSync(join(options.project, "grafana/dashboards"), join(draft, "grafana/dashboards"), { recursive: true });
  renderLinks(join(draft, "grafana/dashboards"), options.publicUrls);
  writeFileSync(join(draft, "config.ini"), options.configText);
  return draft;
}

/** Under the name that its content gives it. */
function keep(draft: string, out: string): Rendering {
  const hash = shortHash(draft);
  const folder = join(out, hash);
  // One that somebody edited by hand is made anew: its name says what is in it.
  if (existsSync(folder) && shortHash(folder) !== hash) rmSync(folder, { recursive: true });
  if (!existsSync(folder)) renameSync(draft, folder);
  return { hash, folder };
}

/** A file that cannot be read, by the name that the operator knows it by; any other error as it is. */
function withoutFolders(error: NodeJS.ErrnoException, folders: string[]): Error {
  const folder = folders.find((folder) => error.path?.startsWith(`${folder}/`));
  if (folder === undefined) return error;
  const name = error.path?.slice(folder.length + 1);
  const words =
    error.code === "ENOENT"
      ? `找不到 ${name}，请恢复它：git restore ${name}`
      : `无法读取 ${name}（${error.code}）`;
  return new StackError(words, { cause: error });
}

/** The rule in thresholds.yml of each threshold: by the alert that compares with it, or by its own name. */
const THRESHOLD_RULES: Record<keyof Config["thresholds"], string> = {
  cpu: "HighCpuUsage",
  memory: "HighMemoryUsage",
  disk: "HighDiskUsage",
  diskFullHours: "DiskFullSoon",
  responseTime: "SlowServiceResponse",
  errorRate: "HighMessageErrorRate",
  errorRateMinMessages: "monitoring:error_rate_min_messages",
  messageGrowth: "MessageVolumeSurge",
  messageGrowthFloor: "monitoring:message_growth_floor",
};

/** A threshold that no key of config.ini belongs to stays as it is committed. */
function renderThresholds(folder: string, { thresholds }: Config): void {
  const name = "prometheus/rules/thresholds.yml";
  const document = readYaml(join(folder, name), name);
  const rules = rulesOf(document.getIn(["groups", 0, "rules"]));
  for (const [threshold, key] of Object.entries(THRESHOLD_RULES)) {
    const rule = rules.find((rule) => (rule.getIn(["labels", "alert"]) ?? rule.get("record")) === key);
    const expression = rule?.get("expr", true);
    if (!isScalar(expression))
      throw new StackError(`${name} 里缺少 ${key} 的规则，请恢复它：git restore ${name}`);
    expression.value = thresholds[threshold as keyof typeof thresholds];
  }
  writeFileSync(join(folder, name), document.toString({ lineWidth: 0 }));
}

function rulesOf(node: unknown): YAMLMap[] {
  const items = (node as { items?: unknown[] } | undefined)?.items ?? [];
  return items.filter((item): item is YAMLMap => isMap(item));
}

/** In one go, so that an address that was put in place is not taken for another default. */
const DEFAULT_LINKS = new RegExp(
  `(${DEFAULTS.exporterUrl}|${DEFAULTS.grafanaUrl}|${DEFAULTS.prometheusUrl})(?!\\d)`,
  "g",
);

function renderLinks(folder: string, urls: Omit<PartUrls, "relay">): void {
  const links: Record<string, string> = {
    [DEFAULTS.exporterUrl]: urls.exporter,
    [DEFAULTS.grafanaUrl]: urls.grafana,
    [DEFAULTS.prometheusUrl]: urls.prometheus,
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
    const name = `prometheus/targets/${job}.yml`;
    const document = readYaml(join(folder, name), name);
    const targets = document.getIn([0, "targets"]);
    const address = addresses[job === "wecom_legal_service" ? "exporter" : (job as keyof PartAddresses)];
    if (isSeq(targets)) {
      const own = targets.items.find((target) => isScalar(target) && target.value === original);
      if (isScalar(own)) own.value = address;
      if (address === undefined) targets.items = targets.items.filter((target) => target !== own);
    }
    writeFileSync(join(folder, name), document.toString({ lineWidth: 0 }));
  }
}

/** As much of one as is needed here; amtool checks the rest. */
interface Receiver {
  name?: string;
  webhook_configs?: ({ url?: string } | null)[] | null;
}

function renderAlertmanager(
  { project, addresses, relayTokenFile, fallbackMail }: RenderOptions,
  folder: string,
): void {
  const name = "alertmanager/alertmanager.yml";
  const document = readYaml(join(project, name), name);
  const { receivers } = (document.toJS() ?? {}) as { receivers?: (Receiver | null)[] };
  if (!Array.isArray(receivers))
    throw new StackError(`${name} 里缺少 receivers，请恢复它：git restore ${name}`);
  for (const [index, receiver] of receivers.entries()) {
    if (receiver?.name === "fallback" && fallbackMail) {
      document.setIn(["receivers", index, "email_configs"], [fallbackMail]);
    }
    for (const [place, webhook] of (receiver?.webhook_configs ?? []).entries()) {
      const url = webhook?.url ?? "";
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
  mkdirSync(join(folder, "alertmanager"));
  writeFileSync(join(folder, name), document.toString({ lineWidth: 0 }));
}

/** Names a folder: 64 bits. */
function shortHash(folder: string): string {
  return hashFiles(folder).slice(0, 16);
}
