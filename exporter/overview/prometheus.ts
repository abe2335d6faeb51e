import { z } from "zod";
import { askUpstream } from "../api/upstream.ts";
import { DEADLINE } from "./answer.ts";

/** Milliseconds after its start in which it has looked at everything once. */
export const SETTLED = 60_000;

/** What only Prometheus knows: what is too much, what is wrong, and what came before. */
export interface Judgement {
  /** Since when it runs, milliseconds since the epoch: in the first minute it has not looked at everything yet. */
  since: number;
  /** By alert: the line that it compares with. */
  thresholds: Map<string, number>;
  /** Those that fire or are about to. */
  alerts: JudgedAlert[];
  business: Business;
}

export interface JudgedAlert {
  state: "firing" | "pending";
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Since when its condition holds, milliseconds since the epoch. */
  activeAt: number;
}

/**
 * Of all exporters together, as on the dashboards. Null is for what there is none of: a rate without messages, a mean
 * without scores, a day before the first.
 */
export interface Business {
  messagesToday: number | null;
  messagesYesterday: number | null;
  /** Messages of yesterday up to this time of day. */
  messagesByThisTime: number | null;
  /** Errors per message over the last 5 minutes. */
  errorRate: number | null;
  /** Messages of the last 5 minutes, and how many the rate needs to be judged. */
  messages5m: number | null;
  fewestMessages: number | null;
  errorsToday: number | null;
  consultationsToday: number | null;
  casesToday: number | null;
  /** Mean of today's scores. */
  satisfactionToday: number | null;
  /** Mean of all scores. */
  satisfaction: number | null;
}

/** @param dayBegan how many seconds ago @throws {UpstreamError} */
export async function readJudgement(prometheusUrl: string, dayBegan: number): Promise<Judgement> {
  const [since, thresholds, alerts, business] = await Promise.all([
    readStart(prometheusUrl),
    query(prometheusUrl, "monitoring:threshold"),
    readAlerts(prometheusUrl),
    readBusiness(prometheusUrl, dayBegan),
  ]);
  return {
    since,
    thresholds: new Map(thresholds.map(({ labels, value }) => [labels.alert ?? "", value])),
    alerts,
    business,
  };
}

const runtimeSchema = z.object({
  data: z.object({ startTime: z.string().transform((text) => Date.parse(text)) }),
});

async function readStart(prometheusUrl: string): Promise<number> {
  const url = new URL(`${prometheusUrl}/api/v1/status/runtimeinfo`);
  const { data } = runtimeSchema.parse(await askUpstream("Prometheus", url, { timeout: DEADLINE }));
  return data.startTime;
}

const alertsSchema = z.object({
  data: z.object({
    alerts: z.array(
      z.object({
        state: z.enum(["firing", "pending"]),
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).default({}),
        activeAt: z.string().transform((text) => Date.parse(text)),
      }),
    ),
  }),
});

/** All but the heartbeat, which always fires. */
async function readAlerts(prometheusUrl: string): Promise<JudgedAlert[]> {
  const url = new URL(`${prometheusUrl}/api/v1/alerts`);
  const { data } = alertsSchema.parse(await askUpstream("Prometheus", url, { timeout: DEADLINE }));
  return data.alerts.filter(({ labels }) => labels.alertname !== "Watchdog");
}

async function readBusiness(prometheusUrl: string, dayBegan: number): Promise<Business> {
  // A total never goes down: its least value of the day is the one that the day began with.
  const today = (series: string) =>
    `sum(${series} - min_over_time(${series}[${Math.max(60, Math.ceil(dayBegan))}s]))`;
  const queries: Record<keyof Business, string> = {
    messagesToday: 'sum(wecom_daily_messages{day="today"})',
    messagesYesterday: 'sum(wecom_daily_messages{day="yesterday"})',
    messagesByThisTime: 'sum(wecom_daily_messages{day="today"} offset 1d)',
    errorRate: "sum(instance:wecom_messages_errors:increase5m) / sum(instance:wecom_messages:increase5m)",
    messages5m: "sum(instance:wecom_messages:increase5m)",
    fewestMessages: "monitoring:error_rate_min_messages",
    errorsToday: today("wecom_messages_errors_total"),
    consultationsToday: today("consultations_total"),
    casesToday: today("cases_total"),
    satisfaction: "sum(satisfaction_score_sum) / sum(satisfaction_score_count)",
    satisfactionToday: `${today("satisfaction_score_sum")} / ${today("satisfaction_score_count")}`,
  };
  const values = Object.entries(queries).map(async ([name, expression]) => {
    const [first] = await query(prometheusUrl, expression);
    return [name, first === undefined || !Number.isFinite(first.value) ? null : first.value];
  });
  return Object.fromEntries(await Promise.all(values)) as Business;
}

const vectorSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string().transform(Number)]),
      }),
    ),
  }),
});

async function query(
  prometheusUrl: string,
  expression: string,
): Promise<{ labels: Record<string, string>; value: number }[]> {
  const url = new URL(`${prometheusUrl}/api/v1/query?${new URLSearchParams({ query: expression })}`);
  const { data } = vectorSchema.parse(await askUpstream("Prometheus", url, { timeout: DEADLINE }));
  return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value }));
}
