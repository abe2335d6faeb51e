import { StackError } from "../stack/project.ts";

const UNITS: Record<string, number> = { m: 60_000, h: 3600_000, d: 24 * 3600_000 };

/**
 * @param text a span such as 30m, 24h or 7d, or an RFC 3339 time
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch
 * @throws {StackError}
 */
export function parseSince(text: string, now: number): number {
  const [, count, unit = ""] = /^(\d+)([mhd])$/.exec(text) ?? [];
  // Further back than there are dates is as far back as there is anything.
  if (count !== undefined) return Math.max(0, now - Number(count) * (UNITS[unit] ?? 0));
  const isTime = /^\d{4}-\d\d-\d\dT.+(Z|[+-]\d\d:\d\d)$/.test(text);
  const time = isTime ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new StackError("--since 应为 30m、24h、7d 这样的时长，或者 2026-02-12T00:00:00+08:00 这样的时间");
  }
  return time;
}
