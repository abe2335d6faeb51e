import { z } from "zod";
import type { Dashboard, DashboardSeries } from "../../client/wire.ts";
import { askUpstream, UpstreamError } from "./upstream.ts";

/** At most this many points a series. */
const MAX_POINTS = 500;

/** The main metrics, each by the PromQL that reads it. */
const QUERIES = {
  wecom_messages_total: "sum(wecom_messages_total)",
  wecom_messages_errors_total: "sum(wecom_messages_errors_total)",
  wecom_message_processing_seconds:
    "sum(rate(wecom_message_processing_seconds_sum[5m])) / sum(rate(wecom_message_processing_seconds_count[5m]))",
  wecom_daily_messages: "sum by (day) (wecom_daily_messages)",
  consultations_total: "sum(consultations_total)",
  cases_total: "sum(cases_total)",
  // Of several exporters, each score counts as much as any other.
  average_satisfaction_score: "sum(satisfaction_score_sum) / (sum(satisfaction_score_count) > 0)",
  system_cpu_usage_percent: "system_cpu_usage_percent",
  system_memory_usage_percent: "system_memory_usage_percent",
  system_disk_usage_percent: "system_disk_usage_percent",
  service_up: "service_up",
  // What refuses at once is not fast.
  service_response_time_seconds:
    "service_response_time_seconds and on (job, instance, service) service_up == 1",
  wecom_messages_increase5m: "sum(instance:wecom_messages:increase5m)",
  wecom_messages_errors_increase5m: "sum(instance:wecom_messages_errors:increase5m)",
  wecom_message_processing_p95_seconds:
    "histogram_quantile(0.95, sum by (le) (rate(wecom_message_processing_seconds_bucket[5m])))",
  monitoring_threshold: "monitoring:threshold",
} as const;

const answerSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});

/**
 * @param duration hours, 1 to 744
 * @param now milliseconds since the epoch
 * @throws {UpstreamError} while Prometheus is away
 */
export async function readDashboard(
  prometheusUrl: string,
  duration: number,
  now: number,
): Promise<Dashboard> {
  const step = Math.max(15, Math.ceil((duration * 3600) / (MAX_POINTS - 1)));
  const end = Math.floor(now / 1000);
  // A whole number of steps back, so that the last point is now.
  const start = end - step * Math.floor((duration * 3600) / step);
  const entries = Object.entries(QUERIES).map(async ([name, query]) => {
    const parameters = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` });
    const url = new URL(`${prometheusUrl}/api/v1/query_range?${parameters}`);
    const answer = answerSchema.safeParse(await askPrometheus(url));
    if (!answer.success)
      throw new UpstreamError("Prometheus's answer is not a range of values", { refusal: undefined });
    return [name, answer.data.data.result.map(toSeries)] as const;
  });
  return { duration, start, end, step, metrics: Object.fromEntries(await Promise.all(entries)) };
}

/** What Prometheus refuses is no mistake of the caller's: the queries are ours. */
async function askPrometheus(url: URL): Promise<unknown> {
  try {
    return await askUpstream("Prometheus", url);
  } catch (error) {
    throw new UpstreamError((error as Error).message, { cause: error, refusal: undefined });
  }
}

function toSeries({
  metric,
  values,
}: z.output<typeof answerSchema>["data"]["result"][number]): DashboardSeries {
  const { __name__, ...labels } = metric;
  return {
    labels,
    points: values.map(([at, text]) => [at, Number.isFinite(Number(text)) ? Number(text) : null]),
  };
}
