import type { WireEvent } from "../../client/wire.ts";
import { choose, logNormal, type Random } from "./random.ts";

type Distributed<T> = T extends WireEvent ? Omit<T, "id" | "at"> : never;
/** What happened, without when. */
export type Happening = Distributed<WireEvent>;

/** What the desk is like for those who write. */
export interface Mood {
  /** Errors per message. */
  errorShare: number;
  /** Seconds a message takes, in the middle. */
  median: number;
  scores: readonly (readonly [score: number, weight: number])[];
}

export const GOOD: Mood = {
  errorShare: 0.02,
  median: 0.6,
  scores: [
    [5, 55],
    [4, 30],
    [3, 10],
    [2, 3],
    [1, 2],
  ],
};

export const BAD: Mood = {
  errorShare: 0.4,
  median: 6,
  scores: [
    [4, 10],
    [3, 20],
    [2, 35],
    [1, 35],
  ],
};

/** Of each message. */
const CONSULTATIONS = 0.25;
const CASES = 0.05;
const SCORES = 0.12;
/** Seconds after which the desk gives up. */
const LONGEST = 60;

/**
 * What goes with the n-th message of its kind. Errors come evenly, so that an ordinary five minutes never have many.
 * @param nth from 0
 */
export function happenings(nth: number, mood: Mood, random: Random): Happening[] {
  const isError = Math.floor((nth + 1) * mood.errorShare) > Math.floor(nth * mood.errorShare);
  const seconds = Math.min(LONGEST, logNormal(random, mood.median, 0.6));
  const duration_seconds = Math.round(seconds * 1000) / 1000;
  return [
    { type: "message", outcome: isError ? "error" : "ok", duration_seconds },
    ...(random() < CONSULTATIONS ? [{ type: "consultation" } as const] : []),
    ...(random() < CASES ? [{ type: "case" } as const] : []),
    ...(random() < SCORES ? [{ type: "satisfaction", score: choose(random, mood.scores) } as const] : []),
  ];
}
