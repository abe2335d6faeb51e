import type { WireEvent } from "../../client/wire.ts";

/** How many events of each kind; errors are messages too. */
export interface Totals {
  messages: number;
  errors: number;
  consultations: number;
  cases: number;
  scores: number;
}

export const NOTHING: Totals = { messages: 0, errors: 0, consultations: 0, cases: 0, scores: 0 };

export function count(events: Iterable<WireEvent>, before: Totals = NOTHING): Totals {
  const totals = { ...before };
  for (const event of events) {
    if (event.type === "message") {
      totals.messages += 1;
      if (event.outcome === "error") totals.errors += 1;
    } else if (event.type === "consultation") totals.consultations += 1;
    else if (event.type === "case") totals.cases += 1;
    else totals.scores += 1;
  }
  return totals;
}

export function describe({ messages, errors, consultations, cases, scores }: Totals): string {
  return `消息 ${messages} 条（其中出错 ${errors} 条），咨询 ${consultations} 件，案例 ${cases} 件，评分 ${scores} 次`;
}

/** What an exporter has counted. */
export interface Counted extends Totals {
  today: number;
  yesterday: number;
}

const SERIES: Record<keyof Counted, string> = {
  messages: "wecom_messages_total",
  errors: "wecom_messages_errors_total",
  consultations: "consultations_total",
  cases: "cases_total",
  scores: "satisfaction_score_count",
  today: 'wecom_daily_messages{day="today"}',
  yesterday: 'wecom_daily_messages{day="yesterday"}',
};

/** @param text of GET /metrics @returns undefined where it does not hold them: no exporter, or no disk to count on */
export function readCounted(text: string): Counted | undefined {
  const values = new Map(text.split("\n").map((line) => line.split(" ") as [string, string]));
  const counted = Object.entries(SERIES).map(([name, series]) => [name, Number(values.get(series))]);
  if (counted.some(([, value]) => Number.isNaN(value))) return undefined;
  return Object.fromEntries(counted) as Counted;
}
