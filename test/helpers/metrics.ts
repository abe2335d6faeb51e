import { rules } from "./rules.ts";

/** What the exporter publishes, all with its `instance`. */
export const EXPORTER_COUNTERS =
  `wecom_messages_total wecom_messages_errors_total consultations_total cases_total
  wecom_message_processing_seconds_bucket wecom_message_processing_seconds_sum wecom_message_processing_seconds_count
  satisfaction_score_bucket satisfaction_score_sum satisfaction_score_count`.split(/\s+/);
export const EXPORTER_GAUGES = `wecom_daily_messages average_satisfaction_score system_cpu_usage_percent
  system_memory_usage_percent system_disk_usage_percent service_up service_response_time_seconds monitoring_enabled
  monitoring_alert_enabled monitoring_build_info monitoring_collector_success
  monitoring_collector_duration_seconds`.split(/\s+/);
export const OTHER_COUNTERS =
  `relay_alerts_received_total relay_notifications_total relay_notifications_failed_total
  relay_delivery_seconds_bucket relay_delivery_seconds_sum relay_delivery_seconds_count`.split(/\s+/);
const OTHER_GAUGES =
  `relay_outbox_pending relay_outbox_oldest_seconds relay_channel_failing relay_watchdog_age_seconds
  up scrape_duration_seconds process_resident_memory_bytes ALERTS ALERTS_FOR_STATE`.split(/\s+/);
const RECORDED = rules.flatMap(({ record }) => record ?? []);
const KNOWN = new Set([
  ...EXPORTER_COUNTERS,
  ...EXPORTER_GAUGES,
  ...OTHER_COUNTERS,
  ...OTHER_GAUGES,
  ...RECORDED,
]);
/** What the servers say of themselves; their own pages name these. */
const OF_SERVERS = /^(prometheus|alertmanager|grafana)_/;

const KEYWORDS = new Set(
  "and or unless bool offset by without on ignoring group_left group_right".split(" "),
);

export function exists(metric: string): boolean {
  return KNOWN.has(metric) || OF_SERVERS.test(metric);
}

/** What is left of an expression without strings, selectors, ranges, label lists, numbers, functions and keywords. */
export function metricNames(expr: string): string[] {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, "")
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const names = bare.match(/(?<![\w:.])[a-zA-Z_:][\w:]*\b(?!\s*\()/g) ?? [];
  return names.filter((name) => !KEYWORDS.has(name));
}
