import type { WireEvent } from "../../client/wire.ts";
import { BAD, GOOD, type Happening, happenings, type Mood } from "./events.ts";
import type { Random } from "./random.ts";
import { CLOSES, OPENS, spread } from "./rhythm.ts";
import type { Timetable } from "./timetable.ts";
import { count, type Totals } from "./totals.ts";

/** What is to be sent when. */
export interface Plan {
  batches: Batch[];
  totals: Totals;
  /** Whether MessageVolumeSurge can be shown: it takes more messages than a demo may leave behind otherwise. */
  surges: boolean;
}

export interface Batch {
  /** Seconds from the start. */
  after: number;
  events: WireEvent[];
}

export interface PlanOptions {
  timetable: Timetable;
  timezone: string;
  /** The start, in milliseconds since the epoch. */
  now: number;
  random: Random;
  /** What the exporter has counted so far. */
  before: { today: number; yesterday: number };
  thresholds: { errorRate: number; messageGrowth: number; messageGrowthFloor: number };
}

/** Messages. */
const YESTERDAY_MORNING = 60;
const YESTERDAY_AFTERNOON = 180;
const TODAY = 150;
const ERRORS = 60;
/** More than this is not left behind to make one alert fire. */
const MOST = 3000;
/** Requests, not counting those of yesterday. */
const REQUESTS = 180;
/** The hour at which yesterday's report broke off, and was made good only today. */
const BREAK = 13;
const HOUR = 3600_000;

interface Moment {
  after: number;
  /** Milliseconds since the epoch. */
  at: number;
  happening: Happening;
}

/**
 * A day of the desk. The morning of yesterday comes first; yesterday's afternoon comes late, and by that ends the
 * surge, which nothing else could before midnight.
 */
export function createPlan(options: PlanOptions): Plan {
  const { timetable, random, now, thresholds } = options;
  const bad = { ...BAD, errorShare: Math.min(1, Math.max(BAD.errorShare, 4 * thresholds.errorRate)) };
  const live = (times: number[], mood: Mood) =>
    moments(times, mood, random, (after) => ({ after, at: now + after * 1000 }));
  const early = moments(yesterday(YESTERDAY_MORNING, OPENS, BREAK, options), GOOD, random, (at) => ({
    after: 0,
    at,
  }));
  const day = spread(TODAY, OPENS, CLOSES, random).map(
    (hour) => ((hour - OPENS) / (CLOSES - OPENS)) * timetable.end,
  );
  const sizes = surgeSizes(options, day, ERRORS * bad.errorShare);
  const late = moments(yesterday(sizes.late, BREAK, CLOSES, options), GOOD, random, (at) => ({
    after: timetable.late,
    at,
  }));
  const all = [
    ...early,
    ...late,
    ...live(day, GOOD),
    // In the first half: the rate counts five minutes, and what came before is in them too.
    ...live(evenly(ERRORS, timetable.errors, (timetable.errors + timetable.surge) / 2), bad),
    ...live(evenly(sizes.surge, timetable.surge, timetable.surged), GOOD),
  ];
  const batches = toBatches(all, timetable.end / REQUESTS, `demo-${now}`);
  return { batches, totals: count(batches.flatMap(({ events }) => events)), surges: sizes.surges };
}

/**
 * How many come at once when it works again: enough to make so many of yesterday's, and to make the errors few among
 * so many. And how many of yesterday's it then takes to make them no surge any more.
 */
function surgeSizes({ timetable, before, thresholds }: PlanOptions, day: number[], errors: number) {
  const { errorRate, messageGrowth, messageGrowthFloor } = thresholds;
  const dilution = Math.min(MOST, Math.ceil(errors / (0.8 * errorRate)) - ERRORS);
  const known = before.yesterday + YESTERDAY_MORNING;
  const needed = Math.ceil(1.1 * messageGrowth * Math.max(known, messageGrowthFloor));
  const soFar = before.today + day.filter((after) => after < timetable.surge).length + ERRORS;
  const surge = Math.max(dilution, needed - soFar);
  const today = before.today + day.length + ERRORS + surge;
  const late = Math.max(YESTERDAY_AFTERNOON, Math.ceil((1.15 * today) / messageGrowth) - known);
  const surges = surge <= MOST && late <= MOST;
  return surges ? { surge, late, surges } : { surge: dilution, late: YESTERDAY_AFTERNOON, surges };
}

/** Times of yesterday, in milliseconds since the epoch. */
function yesterday(
  count: number,
  from: number,
  to: number,
  { now, timezone, random }: PlanOptions,
): number[] {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timezone).startOfDay();
  const begin = today.subtract({ days: 1 }).epochMilliseconds;
  return spread(count, from, to, random).map((hour) => Math.floor(begin + hour * HOUR));
}

function evenly(count: number, from: number, to: number): number[] {
  return Array.from({ length: count }, (_, index) => from + ((index + 0.5) / count) * (to - from));
}

/** What happens at each of these times. */
function moments(
  times: number[],
  mood: Mood,
  random: Random,
  when: (time: number) => Omit<Moment, "happening">,
): Moment[] {
  return times.flatMap((time, nth) =>
    happenings(nth, mood, random).map((happening) => ({ ...when(time), happening })),
  );
}

/** @param tick seconds that share a request; it is sent at their end, so that nothing is of the future */
function toBatches(moments: Moment[], tick: number, run: string): Batch[] {
  const ordered = moments.sort((a, b) => a.after - b.after || a.at - b.at);
  const byTick = Map.groupBy(ordered, ({ after }) => Math.ceil(after / tick));
  let number = 0;
  return [...byTick].map(([ticks, group]) => ({
    after: ticks * tick,
    events: group.map(({ at, happening }) => {
      number += 1;
      return { ...happening, id: `${run}-${number}`, at: new Date(at).toISOString() };
    }),
  }));
}
