import { Counter, Gauge, type Metric, type MetricObject, type Registry } from "prom-client";
import { bucketSeries, countSeries, HISTOGRAMS, type HistogramName, sumSeries } from "./series.ts";
import type { EventStore } from "./store.ts";

/** The business metrics, read from the store at each scrape: what is exposed is what is on disk. */
export function registerEventMetrics(store: EventStore, registry: Registry): void {
  counter("wecom_messages_total", "Messages processed, errors included.");
  counter("wecom_messages_errors_total", "Messages whose processing failed.");
  counter("consultations_total", "Consultations begun.");
  counter("cases_total", "Cases opened.");

  new Gauge({
    name: "wecom_daily_messages",
    help: "Messages of a calendar day in the configured time zone.",
    labelNames: ["day"],
    registers: [registry],
    collect() {
      for (const day of ["today", "yesterday"] as const) this.set({ day }, store.messagesOn(day));
    },
  });
  new Gauge({
    name: "average_satisfaction_score",
    help: "Mean of all satisfaction scores, 1 to 5; absent before the first.",
    labelNames: [],
    registers: [registry],
    collect() {
      this.remove();
      const count = store.total(countSeries("satisfaction_score"));
      if (count > 0) this.set(store.total(sumSeries("satisfaction_score")) / count);
    },
  });
  histogram("wecom_message_processing_seconds", "Time a message took to process, in seconds.");
  histogram("satisfaction_score", "Satisfaction scores, 1 to 5.");

  function counter(name: string, help: string): void {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(store.total(name));
      },
    });
  }

  function histogram(name: HistogramName, help: string): void {
    const metric = { name, get: () => readHistogram(store, name, help) };
    // prom-client's own histogram cannot be given the counts of an earlier process; a registry asks only for get().
    registry.registerMetric(metric as unknown as Metric);
  }
}

function readHistogram(store: EventStore, name: HistogramName, help: string): MetricObject {
  let cumulative = 0;
  const buckets = [...HISTOGRAMS[name], "+Inf" as const].map((le) => {
    cumulative += store.total(bucketSeries(name, le));
    return { metricName: `${name}_bucket`, labels: { le }, value: cumulative };
  });
  const values = [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, value: store.total(sumSeries(name)) },
    { metricName: `${name}_count`, labels: {}, value: store.total(countSeries(name)) },
  ];
  return { name, help, type: "histogram", values, aggregator: "sum" } as unknown as MetricObject;
}
