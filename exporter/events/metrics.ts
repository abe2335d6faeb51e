import { Counter, Gauge, type Metric, type Registry } from "prom-client";
import type { Clock } from "../../service/clock.ts";
import { createCalendar } from "./calendar.ts";
import type { EventJournal } from "./journal.ts";
import { bucketSeries, countSeries, HISTOGRAMS, type HistogramName, sumSeries } from "./series.ts";

export interface EventMetricsOptions {
  journal: EventJournal;
  timezone: string;
  clock: Clock;
  registry: Registry;
}

/**
 * The business metrics: what is exposed is what is on disk. While that is not known they are absent: a 0 would look
 * like a restart, and the old total after it like so many new events.
 */
export function registerEventMetrics({ journal, timezone, clock, registry }: EventMetricsOptions): void {
  const registers = [registry];
  const calendar = createCalendar(timezone);
  const total = (series: string) => journal.counts?.totals.get(series) ?? 0;

  counter("wecom_messages_total", "Messages processed, errors included.");
  counter("wecom_messages_errors_total", "Messages whose processing failed.");
  counter("consultations_total", "Consultations begun.");
  counter("cases_total", "Cases opened.");
  new Gauge({
    name: "wecom_daily_messages",
    help: "Messages of a calendar day in the configured time zone.",
    labelNames: ["day"],
    registers,
    collect() {
      this.reset();
      if (journal.counts === undefined) return;
      for (const day of ["today", "yesterday"] as const) {
        this.set({ day }, journal.counts.days.get(calendar[day](clock.now())) ?? 0);
      }
    },
  });
  new Gauge({
    name: "average_satisfaction_score",
    help: "Mean of all satisfaction scores, 1 to 5; absent before the first.",
    registers,
    collect() {
      this.remove();
      const count = total(countSeries("satisfaction_score"));
      if (count > 0) this.set(total(sumSeries("satisfaction_score")) / count);
    },
  });
  histogram("wecom_message_processing_seconds", "Time a message took to process, in seconds.");
  histogram("satisfaction_score", "Satisfaction scores, 1 to 5.");

  function counter(name: string, help: string): void {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.remove();
        if (journal.counts !== undefined) this.inc(total(name));
      },
    });
  }

  function histogram(name: HistogramName, help: string): void {
    const values = () => (journal.counts === undefined ? [] : histogramValues(name, total));
    const metric = {
      name,
      get: () => ({ name, help, type: "histogram", values: values(), aggregator: "sum" }),
    };
    // prom-client's own histogram cannot be given the counts of an earlier process; a registry asks only for get().
    registry.registerMetric(metric as unknown as Metric);
  }
}

function histogramValues(name: HistogramName, total: (series: string) => number) {
  let cumulative = 0;
  const buckets = [...HISTOGRAMS[name], "+Inf" as const].map((le) => {
    cumulative += total(bucketSeries(name, le));
    return { metricName: `${name}_bucket`, labels: { le }, value: cumulative };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, value: total(sumSeries(name)) },
    { metricName: `${name}_count`, labels: {}, value: total(countSeries(name)) },
  ];
}
