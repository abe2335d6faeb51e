/** A sample of the Prometheus text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** As much of the format as our own services write: no escapes but in label values, no timestamps. */
export function parseExposition(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: parseLabels(labels), value: Number(value) }];
  });
}

/** The collectors of an exporter that have run, by its exposition, and whether the last run of each succeeded. */
export function readCollectors(text: string): Map<string, boolean> {
  const samples = parseExposition(text).filter(({ name }) => name === "monitoring_collector_success");
  return new Map(samples.map(({ labels, value }) => [labels.collector ?? "", value !== 0]));
}

/** The names of those whose last run failed. */
export function failingOf(collectors: Map<string, boolean>): string[] {
  return [...collectors].filter(([, succeeded]) => !succeeded).map(([name]) => name);
}

function parseLabels(text: string): Record<string, string> {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries(
    [...pairs].map(([, name = "", value = ""]) => [
      name,
      value.replaceAll(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign)),
    ]),
  );
}
