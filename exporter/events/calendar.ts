/** Calendar days in one time zone, written YYYY-MM-DD so that they sort. */
export interface Calendar {
  /** @param at milliseconds since the epoch */
  today(at: number): string;
  yesterday(at: number): string;
}

export function createCalendar(timezone: string): Calendar {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone: timezone, dateStyle: "short" });
  const today = (at: number) => format.format(at);
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
