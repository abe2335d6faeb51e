import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tellMoment } from "../stack/tell-time.ts";

const DAILY = /^daily-(\d{8}-\d{6})\.tar\.gz$/;

/** A name that sorts by time. @param timezone the operator's, whatever the machine's is */
export function archiveName(kind: "backup" | "daily", now: Date, timezone: string): string {
  return `${kind}-${stamp(now, timezone)}.tar.gz`;
}

/** The daily archives in a folder, oldest first; one that was made by hand is not among them. */
export function dailyArchives(folder: string): string[] {
  return existsSync(folder) ? dailyOnes(readdirSync(folder)) : [];
}

/** The same, of the names in a folder. */
export function dailyOnes(names: string[]): string[] {
  return names.filter((name) => DAILY.test(name)).sort();
}

/** Removes all but the newest. @returns their names */
export function rotate(folder: string, keep: number): string[] {
  const surplus = dailyArchives(folder).slice(0, -keep);
  for (const name of surplus) rmSync(join(folder, name));
  return surplus;
}

/**
 * Whether the last full hour of its kind has passed without a backup.
 * @param newest the name of the newest daily archive
 */
export function isDue(newest: string | undefined, hour: number, timezone: string, now: Date): boolean {
  const due = `-${String(hour).padStart(2, "0")}0000`;
  const current = stamp(now, timezone);
  const today = current.slice(0, 8) + due;
  const yesterday = dayBefore(current.slice(0, 8)) + due;
  return (DAILY.exec(newest ?? "")?.[1] ?? "") < (current >= today ? today : yesterday);
}

/** YYYYMMDD-HHMMSS. */
function stamp(now: Date, timezone: string): string {
  return tellMoment(now.getTime(), timezone).replaceAll(/[-:]/g, "").replace(" ", "-");
}

function dayBefore(day: string): string {
  const noon = new Date(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() - 1);
  return noon.toISOString().slice(0, 10).replaceAll("-", "");
}
