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

/** The collectors of an exporter whose last run failed, by its exposition. */
export function failingCollectors(text: string): string[] {
  return parseExposition(text)
    .filter(({ name, value }) => name === "monitoring_collector_success" && value === 0)
    .map(({ labels }) => labels.collector ?? "");
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
