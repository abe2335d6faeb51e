/** One figure beside the one that it is compared with. */
export interface Row {
  what: string;
  ours: number;
  unit: string;
  /** The peer's figure, or our own to begin with; absent where the aim is a figure by itself. */
  peer?: number;
  /** What the ratio (without a peer: the figure) is to be at most or at least; absent where it is only told. */
  aim?: { atMost: number } | { atLeast: number };
}

/** Prints a section: figures, ratios from this one run, and whether each aim was reached. */
export function printTable(title: string, peer: string, rows: Row[]): void {
  const cells = rows.map((row) => {
    const ratio = row.peer === undefined ? undefined : row.ours / row.peer;
    return [
      row.what,
      `${round(row.ours)} ${row.unit}`,
      row.peer === undefined ? "" : `${round(row.peer)} ${row.unit}`,
      ratio === undefined ? "" : `${round(ratio)} ×`,
      row.aim === undefined ? "" : judge(ratio ?? row.ours, row.aim),
    ];
  });
  const all = [[title, "ours", peer, "ratio", "aim"], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of all)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  console.log("");
}

function judge(value: number, aim: NonNullable<Row["aim"]>): string {
  if ("atMost" in aim) return `at most ${aim.atMost}: ${value <= aim.atMost ? "reached" : "missed"}`;
  return `at least ${aim.atLeast}: ${value >= aim.atLeast ? "reached" : "missed"}`;
}

/** Three figures that count. */
function round(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}
