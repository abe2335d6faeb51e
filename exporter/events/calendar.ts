/** Calendar days in one time zone, written YYYY-MM-DD so that they sort. */
export interface Calendar {
  /** @param at milliseconds since the epoch */
  today(at: number): string;
  yesterday(at: number): string;
}

/** Milliseconds. Midnight and changes of the clock fall on whole quarters of an hour, in every zone there is. */
const QUARTER = 15 * 60_000;

export function createCalendar(timezone: string): Calendar {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone: timezone, dateStyle: "short" });
  /** The day asked for last: formatting takes longer than all else that counting an event needs. */
  let known = { quarter: Number.NaN, day: "" };

  function today(at: number): string {
    const quarter = Math.floor(at / QUARTER);
    if (quarter !== known.quarter) known = { quarter, day: format.format(at) };
    return known.day;
  }

  return {
    today,
    // By the date, not by 24 h: where clocks change, a day has 23 or 25.
    yesterday(at) {
      const noon = new Date(`${today(at)}T12:00:00Z`);
      noon.setUTCDate(noon.getUTCDate() - 1);
      return noon.toISOString().slice(0, 10);
    },
  };
}
