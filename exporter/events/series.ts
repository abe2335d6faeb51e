import type { Event } from "./event.ts";

/** Upper bounds of the histograms, in seconds and in points. 5 s is the guide's response-time threshold. */
export const HISTOGRAMS = {
  wecom_message_processing_seconds: [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 10, 15, 30, 60],
  satisfaction_score: [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5],
} as const;

export type HistogramName = keyof typeof HISTOGRAMS;

export const bucketSeries = (name: HistogramName, bound: number | "+Inf") => `${name}_bucket{le="${bound}"}`;
export const sumSeries = (name: HistogramName) => `${name}_sum`;
export const countSeries = (name: HistogramName) => `${name}_count`;

/** Adds what an event counts to `totals`, by the name of the series. */
export function addToTotals(totals: Map<string, number>, event: Event): void {
  switch (event.type) {
    case "message":
      add(totals, "wecom_messages_total", 1);
      if (event.outcome === "error") add(totals, "wecom_messages_errors_total", 1);
      if (event.duration_seconds !== undefined) {
        observe(totals, "wecom_message_processing_seconds", event.duration_seconds);
      }
      break;
    case "consultation":
      add(totals, "consultations_total", 1);
      break;
    case "case":
      add(totals, "cases_total", 1);
      break;
    case "satisfaction":
      observe(totals, "satisfaction_score", event.score);
      break;
    default:
      event satisfies never;
  }
}

/** Each bucket holds its own count here; they are summed up when they are exposed. */
function observe(totals: Map<string, number>, name: HistogramName, value: number): void {
  const bound = HISTOGRAMS[name].find((upper) => value <= upper) ?? "+Inf";
  add(totals, bucketSeries(name, bound), 1);
  add(totals, sumSeries(name), value);
  add(totals, countSeries(name), 1);
}

export function add(totals: Map<string, number>, series: string, amount: number): void {
  totals.set(series, (totals.get(series) ?? 0) + amount);
}
