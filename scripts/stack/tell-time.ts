/** @param at milliseconds since the epoch @returns for example "02-12 21:46" */
export function tellTime(at: number, timezone: string): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`;
}

/** @param at milliseconds since the epoch @returns for example "2026-02-12 21:46:05" */
export function tellMoment(at: number, timezone: string): string {
  // Sweden writes times as ISO 8601 does.
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return format.format(at);
}

/** @returns the same, with its year where that is not the one of `now` */
export function tellDistantTime(at: number, timezone: string, now: number): string {
  const year = (time: number) =>
    new Intl.DateTimeFormat("en", { timeZone: timezone, year: "numeric" }).format(time);
  return year(at) === year(now) ? tellTime(at, timezone) : `${year(at)}-${tellTime(at, timezone)}`;
}

/** @param milliseconds @returns for example "3 小时" */
export function tellSpan(milliseconds: number): string {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000));
  if (minutes < 1) return "不到 1 分钟";
  if (minutes < 120) return `${minutes} 分钟`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} 小时` : `${Math.round(hours / 24)} 天`;
}
