/** What became of one batch. */
export interface Recorded {
  accepted: number;
  duplicates: number;
}

/** Values that are on disk; what has none is missing. */
export interface Counts {
  /** By series. */
  totals: Map<string, number>;
  /** Messages by calendar day, YYYY-MM-DD. */
  days: Map<string, number>;
}

/** The counts as they are after a change. */
export function mergeCounts(before: Counts | undefined, { totals, days }: Counts): Counts {
  return {
    totals: new Map([...(before?.totals ?? []), ...totals]),
    days: new Map([...(before?.days ?? []), ...days]),
  };
}
