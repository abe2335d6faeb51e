import assert from "node:assert/strict";
import { sample } from "../unit/support/exporter.ts";
import type { ComposeStack } from "./stack.ts";

/** What has to be there however often the containers end. */
export interface Memory {
  messages: number;
  /** Incidents by what and when, and what became of telling them. */
  history: string[];
  /** The ids of silences. */
  silences: string[];
  /** When Prometheus has first seen the exporter, in seconds since the epoch. */
  since: number;
  /** Answers of Grafana and the exporter to the secrets that were valid at first. */
  logins: number[];
}

export interface Secrets {
  EXPORTER_TOKEN: string;
  GRAFANA_ADMIN_PASSWORD: string;
}

export async function readSecrets(stack: ComposeStack): Promise<Secrets> {
  return {
    EXPORTER_TOKEN: await stack.inside("exporter", "cat", "/secrets/exporter_token"),
    GRAFANA_ADMIN_PASSWORD: await stack.inside("grafana", "cat", "/secrets/grafana_admin_password"),
  };
}

export async function readMemory(stack: ComposeStack, secrets: Secrets): Promise<Memory> {
  return {
    messages: await countMessages(stack),
    ...(await readPast(stack)),
    logins: await logIn(stack, secrets),
  };
}

/** What the servers remember. */
export async function readPast(stack: ComposeStack): Promise<Pick<Memory, "history" | "silences" | "since">> {
  const { exporter, alertmanager } = stack.urls;
  const { alerts } = (await json(`${exporter}/api/alerts?limit=1000`)) as {
    alerts: { fingerprint: string; startsAt: string }[];
  };
  const silences = (await json(`${alertmanager}/api/v2/silences`)) as {
    id: string;
    status: { state: string };
  }[];
  return {
    history: alerts.map(({ fingerprint, startsAt }) => `${fingerprint} ${startsAt}`),
    silences: silences.filter(({ status }) => status.state === "active").map(({ id }) => id),
    since: await firstSample(stack),
  };
}

/** Nothing but more of it. */
export function assertKept(before: Memory, now: Memory): void {
  const history = before.history.filter((alert) => now.history.includes(alert));
  assert.deepEqual({ ...now, history }, before);
}

export async function countMessages({ urls }: ComposeStack): Promise<number> {
  const scrape = await (await fetch(`${urls.exporter}/metrics`)).text();
  return sample(scrape, "wecom_messages_total") ?? Number.NaN;
}

/** Percent, by the place where each is mounted. */
export async function diskUsage({ urls }: ComposeStack): Promise<Map<string, number>> {
  const scrape = await (await fetch(`${urls.exporter}/metrics`)).text();
  const lines = scrape.matchAll(/^system_disk_usage_percent\{mountpoint="([^"]+)".*\} (\S+)$/gm);
  return new Map([...lines].map(([, place = "", percent]) => [place, Number(percent)]));
}

/** @returns the status of the exporter's answer */
export async function postMessages(stack: ComposeStack, count: number, token?: string): Promise<number> {
  const events = Array.from({ length: count }, () => ({
    type: "message",
    outcome: "ok",
    duration_seconds: 0.4,
  }));
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const url = `${stack.urls.exporter}/events`;
  return (await fetch(url, { method: "POST", headers, body: JSON.stringify(events) })).status;
}

/** Silences something that does not exist. @returns its id */
export async function createSilence(stack: ComposeStack): Promise<string> {
  const response = await fetch(`${stack.urls.alertmanager}/api/v2/silences`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      matchers: [{ name: "alertname", value: "NoSuchAlert", isRegex: false }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 86_400_000).toISOString(),
      createdBy: "test",
      comment: "has to survive",
    }),
  });
  assert.equal(response.status, 200);
  return ((await response.json()) as { silenceID: string }).silenceID;
}

/** What Prometheus would say, for as long as Alertmanager believes it without hearing it again. */
export async function postAlert(stack: ComposeStack, labels: Record<string, string>): Promise<void> {
  const { status } = await fetch(`${stack.urls.alertmanager}/api/v2/alerts`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify([{ labels, annotations: { summary: "告警转发停止工作" } }]),
  });
  assert.equal(status, 200);
}

/** The values of an instant query. */
export async function query(stack: ComposeStack, expr: string): Promise<number[]> {
  const answer = (await json(
    `${stack.urls.prometheus}/api/v1/query?${new URLSearchParams({ query: expr })}`,
  )) as {
    data: { result: { value: [number, string] }[] };
  };
  return answer.data.result.map(({ value: [, value] }) => Number(value));
}

async function firstSample(stack: ComposeStack): Promise<number> {
  const [first = Number.NaN] = await query(
    stack,
    'min_over_time(timestamp(up{job="wecom_legal_service"})[1h:15s])',
  );
  return first;
}

async function logIn({ urls }: ComposeStack, secrets: Secrets): Promise<number[]> {
  const login = Buffer.from(`admin:${secrets.GRAFANA_ADMIN_PASSWORD}`).toString("base64");
  const { status } = await fetch(`${urls.grafana}/api/user`, {
    headers: { Authorization: `Basic ${login}` },
  });
  const written = await fetch(`${urls.exporter}/events`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${secrets.EXPORTER_TOKEN}` },
    body: "[]",
  });
  return [status, written.status];
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return response.json();
}
