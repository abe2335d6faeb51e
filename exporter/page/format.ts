/** Numbers and times as operators read them. */
export interface Format {
  /** For example 03:12:40. @param at milliseconds since the epoch, as in the others */
  clock(at: number): string;
  /** For example 02:10, or 11-23 02:10 where that is not today. */
  moment(at: number): string;
}

/** @param now milliseconds since the epoch */
export function createFormat(timezone: string, now: number): Format {
  // Swedish writes dates as 2026-02-12.
  const day = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short" });
  const time = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, timeStyle: "medium" });
  return {
    clock: (at) => time.format(at),
    moment(at) {
      const hour = time.format(at).slice(0, 5);
      return day.format(at) === day.format(now) ? hour : `${day.format(at).slice(5)} ${hour}`;
    },
  };
}

export const UNKNOWN = "未知";

/** Null is what is not known. */
export function number(value: number | null | undefined, decimals = 0): string {
  if (value === null || value === undefined) return UNKNOWN;
  return value.toLocaleString("zh-CN", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Without decimals that say nothing, as an operator wrote it. */
export function threshold(value: number): string {
  return value.toLocaleString("zh-CN", { maximumFractionDigits: 3 });
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? UNKNOWN : `${number(share * 100, 1)}%`;
}
