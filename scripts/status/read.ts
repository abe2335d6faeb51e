import type { ChannelsReport } from "../../alertmanager/relay/channels-report.ts";
import type { Status } from "../../client/wire.ts";
import { type PartName, type ProcessName, publicUrls } from "../stack/addresses.ts";
import { failingOf, parseExposition, readCollectors } from "../stack/exposition.ts";
import { isSettling, PARTS, readyPath, type StackView, stateOf } from "../stack/view.ts";

/** As npm run status -- --json prints it; what nobody could tell is null. */
export interface StackStatus {
  /** RFC 3339. */
  checkedAt: string;
  /** "stopped" where nothing runs. */
  runtime: "native" | "compose" | "stopped";
  /** Whether every part is ready that should be there; Grafana alone may be absent, as it cannot be had everywhere. */
  healthy: boolean;
  parts: PartStatus[];
  /** The exporter's own. */
  figures: (Status & { messages_today: number | null; failing_collectors: string[] }) | null;
  /** Those that fire and are not silenced, by severity, `other` for any else or none; the heartbeat is none. */
  alerts: { critical: number; warning: number; info: number; other: number; silenced: number } | null;
  /** Those that alerts are sent through. */
  channels: ChannelStatus[] | null;
}

export interface PartStatus {
  /** "backup" only where config.ini asks for daily backups. */
  name: ProcessName;
  state: "healthy" | "unhealthy" | "stopped" | "absent";
  /** RFC 3339. */
  since: string | null;
  /** For people. */
  url: string | null;
}

export interface ChannelStatus {
  name: string;
  /** RFC 3339: of the last notification that was told. */
  lastSuccess: string | null;
  pending: number;
  /** Whether the last one that is settled failed. */
  failing: boolean;
}

/** Asks every part once; one that does not answer costs its own figures only. */
export async function readStatus(view: StackView): Promise<StackStatus> {
  const orNull = <T>(figures: Promise<T>): Promise<T | null> => figures.catch(() => null);
  const [parts, figures, alerts, channels] = await Promise.all([
    Promise.all([...PARTS.map((part) => readPart(view, part)), ...readBackup(view)]),
    orNull(readFigures(view)),
    orNull(readAlerts(view)),
    orNull(readChannels(view)),
  ]);
  const { kind } = view.runtime;
  const healthy =
    kind !== "stopped" &&
    parts.every(({ name, state }) => state === "healthy" || (name === "grafana" && state === "absent"));
  const checkedAt = new Date(view.clock.now()).toISOString();
  return { checkedAt, runtime: kind, healthy, parts, figures, alerts, channels };
}

async function readPart(view: StackView, name: PartName): Promise<PartStatus> {
  const found = stateOf(view, name);
  if (found === undefined) return { name, state: "absent", since: null, url: null };
  const url = urlsForPeople(view)[name] ?? found.url ?? null;
  if (!found.isRunning) return { name, state: "stopped", since: null, url };
  const isReady = await view.ask(name, readyPath(name)).then(
    ({ status }) => status < 300 && found.isHealthy,
    () => false,
  );
  const since = new Date(found.since).toISOString();
  return { name, state: isReady ? "healthy" : "unhealthy", since, url };
}

/** What makes the daily backups has no address: it does its work as long as it runs. */
function readBackup(view: StackView): PartStatus[] {
  if (view.settings.config.backup.keep === 0) return [];
  const part = { name: "backup", url: null } as const;
  const found = stateOf(view, "backup");
  if (found?.isRunning) return [{ ...part, state: "healthy", since: new Date(found.since).toISOString() }];
  return [{ ...part, state: found ? "stopped" : "absent", since: null }];
}

/** None where the operator's settings are not those that it runs by. */
function urlsForPeople(view: StackView): Partial<Record<PartName, string>> {
  const { config, env } = view.settings;
  return view.refused ? {} : publicUrls(config, env, view.ports);
}

async function readFigures({ ask }: StackView): Promise<StackStatus["figures"]> {
  const [status, metrics] = await Promise.all([
    ask.json<Status>("exporter", "/api/status"),
    ask("exporter", "/metrics"),
  ]);
  const today = parseExposition(metrics.text).find(
    ({ name, labels }) => name === "wecom_daily_messages" && labels.day === "today",
  );
  const failing_collectors = failingOf(readCollectors(metrics.text));
  return { ...status, messages_today: today?.value ?? null, failing_collectors };
}

interface ActiveAlert {
  labels: Record<string, string>;
  status: { state: "active" | "suppressed" | "unprocessed" };
}

async function readAlerts(view: StackView): Promise<StackStatus["alerts"]> {
  const all = await view.ask.json<ActiveAlert[]>("alertmanager", "/api/v2/alerts");
  const alerts = all.filter(({ labels }) => labels.alertname !== "Watchdog");
  // Prometheus tells it once more within a minute what goes on.
  if (alerts.length === 0 && isSettling(view, "alertmanager")) return null;
  const told = alerts.filter(({ status }) => status.state !== "suppressed");
  const of = (severity: string) => told.filter(({ labels }) => labels.severity === severity).length;
  const known = { critical: of("critical"), warning: of("warning"), info: of("info") };
  const other = told.length - known.critical - known.warning - known.info;
  return { ...known, other, silenced: alerts.length - told.length };
}

/** Those that alerts are sent through. */
async function readChannels({ ask }: StackView): Promise<ChannelStatus[]> {
  const { alertEnabled, channels } = await ask.json<ChannelsReport>("relay", "/api/channels");
  const used = channels.filter(({ setUp, enabled }) => alertEnabled && setUp && enabled);
  return used.map(({ name, sent, pending, failing }) => ({
    name,
    lastSuccess: sent?.at ?? null,
    pending,
    failing,
  }));
}
