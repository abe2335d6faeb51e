/** What was seen on the way. */
export interface Figures {
  /** The names of those that were injected. */
  faults: string[];
  memory: MemorySample[];
  /** At the beginning and at the end. */
  sizes: Sizes[];
}

export interface MemorySample {
  part: string;
  /** Milliseconds since the epoch. */
  at: number;
  megabytes: number;
}

/** Megabytes on disk, by what is stored. */
export type Sizes = Record<string, number>;

export function createFigures(): Figures {
  return { faults: [], memory: [], sizes: [] };
}

/** Medians of the first, the middle and the last sixth of the time. */
export function atThreeTimes(samples: MemorySample[]): { begin: number; middle: number; end: number } {
  const sixth = (from: number) => {
    const [first, last] = [samples[0]?.at ?? 0, samples.at(-1)?.at ?? 0];
    const share = ({ at }: MemorySample) => (6 * (at - first)) / Math.max(1, last - first);
    return median(
      samples.filter((sample) => share(sample) >= from && share(sample) <= from + 1).map((s) => s.megabytes),
    );
  };
  return { begin: sixth(0), middle: sixth(2.5), end: sixth(5) };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
