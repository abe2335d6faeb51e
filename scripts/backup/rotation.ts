import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { tellMoment } from "../stack/tell-time.ts";
import { archiveRemedies, diskTrouble } from "./disk-trouble.ts";

const DAILY = /^daily-(\d{8}-\d{6})\.tar\.gz$/;

/** A name that sorts by time. @param timezone the operator's, whatever the machine's is */
export function archiveName(kind: "backup" | "daily", now: Date, timezone: string): string {
  return `${kind}-${stamp(now, timezone)}.tar.gz`;
}

export interface DailyArchive {
  name: string;
  /** Bytes. */
  size: number;
}

/**
 * The daily archives in a folder, oldest first; one that was made by hand is not among them.
 * @throws {StackError} where it is no folder, or closed
 */
export function dailyArchives(folder: string): DailyArchive[] {
  try {
    return dailyOnes(readdirSync(folder)).flatMap((name) => {
      // It may have been removed a moment ago.
      const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
      return size === undefined ? [] : { name, size };
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw diskTrouble(error, archiveRemedies(folder));
  }
}

/** The names of daily archives, oldest first. */
export function dailyOnes(names: string[]): string[] {
  return names.filter((name) => DAILY.test(name)).sort();
}

/** Milliseconds that a name may be ahead: where summer time ends, an hour comes twice. */
const TOLERANCE = 2 * 3600_000;

/** Whether an archive was made while the clock was ahead: it tells nothing of when the last backup was. */
export function isAhead({ name }: DailyArchive, timezone: string, now: Date): boolean {
  return (DAILY.exec(name)?.[1] ?? "") > stamp(new Date(now.getTime() + TOLERANCE), timezone);
}

/** The newest of those that stand for a day: an empty one does not. @param archives oldest first */
export function newestName(archives: DailyArchive[], timezone: string, now: Date): string | undefined {
  return standing(archives, timezone, now).at(-1)?.name;
}

function standing(archives: DailyArchive[], timezone: string, now: Date): DailyArchive[] {
  return archives.filter((archive) => archive.size > 0 && !isAhead(archive, timezone, now));
}

export interface Rotation {
  keep: number;
  timezone: string;
  now: Date;
}

/**
 * Removes all but the newest. Those that do not stand for a day are neither counted, as it would be the newest that had
 * to go, nor removed, as it may be the clock of today that is wrong.
 * @returns the names of those that are removed
 */
export function rotate(folder: string, { keep, timezone, now }: Rotation): string[] {
  const surplus = standing(dailyArchives(folder), timezone, now)
    .slice(0, -keep)
    .map(({ name }) => name);
  for (const name of surplus) rmSync(join(folder, name));
  return surplus;
}

/**
 * Whether the last full hour of its kind has passed without a backup.
 * @param newest the name of the newest daily archive that stands for a day
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
