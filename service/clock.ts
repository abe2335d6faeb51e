/** Time, handed in so that tests can hold it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** One that also knows how much time has passed whatever the clock was set to. */
export interface SteadyClock extends Clock {
  /** Whole milliseconds since some moment. */
  elapsed(): number;
}

export const systemClock: SteadyClock = { now: Date.now, elapsed: () => Math.ceil(performance.now()) };
