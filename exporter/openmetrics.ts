/**
 * Turns the Prometheus text format into OpenMetrics: a counter's family is named without `_total`, there are no
 * empty lines, and the end is marked (https://prometheus.io/docs/specs/om/open_metrics_spec/).
 * prom-client's own OpenMetrics registry renames its counters in place, so one registry cannot serve both.
 */
export function toOpenMetrics(text: string): string {
  const families = text.replaceAll(/^# (HELP|TYPE) (\S+)_total /gm, "# $1 $2 ").replaceAll(/\n{2,}/g, "\n");
  return `${families.trimEnd()}\n# EOF\n`;
}
