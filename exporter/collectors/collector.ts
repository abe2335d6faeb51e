/** One value of one series. */
export interface Sample {
  metric: GaugeName;
  labels?: Record<string, string>;
  value: number;
}

/** What collectors publish, with the help text and label names of each. */
export const COLLECTED_GAUGES = {
  system_cpu_usage_percent: {
    help: "Busy share of the CPUs, idle and iowait excluded, 0 to 100.",
    labels: [],
  },
  system_memory_usage_percent: { help: "Memory in use: 100 * (1 - available / total).", labels: [] },
  system_disk_usage_percent: {
    help: "Used share of a file system: 100 * used / (used + available).",
    labels: ["mountpoint", "device", "fstype"],
  },
  service_up: { help: "1 if the service answered its probe with 2xx or 3xx, else 0.", labels: ["service"] },
  service_response_time_seconds: {
    help: "Time of the last probe, in seconds; a timeout shows as the deadline.",
    labels: ["service"],
  },
} as const;

export type GaugeName = keyof typeof COLLECTED_GAUGES;

/** Measures something every collect_interval. */
export interface Collector {
  /** The `collector` label of its own success and duration. */
  name: string;
  /** Past this many milliseconds it counts as failed. */
  deadline: number;
  /**
   * @returns everything it publishes now; what it published before is dropped
   * @throws {PartialError} where a part could not be measured
   */
  collect(): Promise<Sample[]>;
  /** Runs for as long as the exporter does: it measures nothing that could be stopped. */
  standing?: boolean;
  /** Lets go of what it keeps between runs, and of a run under way; `collect` may follow. */
  stop?(): void;
}

/** A part could not be measured: the run has failed, and what could be measured is published all the same. */
export class PartialError extends Error {
  override readonly name = "PartialError";
  readonly samples: Sample[];

  /** @param message names the parts that are missing, and why */
  constructor(message: string, samples: Sample[]) {
    super(message);
    this.samples = samples;
  }
}
