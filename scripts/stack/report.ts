import { oneLine, printable } from "./printable.ts";

/** Tells the operator what is going on. */
export interface Report {
  /** A step begins; what it takes is shown when it ends. */
  begin(title: string): Step;
  line(text?: string): void;
  /** Something to mind that does not stop the rest. */
  warn(text: string): void;
}

export interface Step {
  /** What it is doing at the moment; shown where the output is a terminal. */
  progress(text: string): void;
  done(result?: string): void;
  fail(result: string): void;
}

/** Work whose step shows as failed where it fails; that it is done it tells itself. */
export async function inStep<T>(
  report: Report,
  title: string,
  work: (step: Step) => Promise<T> | T,
): Promise<T> {
  const step = report.begin(title);
  try {
    return await work(step);
  } catch (error) {
    step.fail("没有成功");
    throw error;
  }
}

/**
 * What it is told may come from elsewhere, an archive or a log: to a terminal it says nothing.
 * @param out usually process.stdout
 */
export function createReport(out: Pick<NodeJS.WriteStream, "write" | "isTTY">): Report {
  const line = (text = "") => out.write(`${printable(text)}\n`);
  return {
    line,
    warn: (text) => line(`⚠️  ${text}`),
    begin(title) {
      const begun = performance.now();
      let shown = "";
      const end = (mark: string, result: string) => {
        if (out.isTTY) out.write("\r\x1b[2K");
        const seconds = ((performance.now() - begun) / 1000).toFixed(1);
        line(`${mark} ${title}${result === "" ? "" : `：${result}`}（${seconds} 秒）`);
      };
      const progress = (text: string) => {
        if (!out.isTTY || text === shown) return;
        shown = text;
        // Only a line can be cleared.
        out.write(`\r\x1b[2K… ${oneLine(`${title}：${text}`)}`);
      };
      if (out.isTTY) out.write(`… ${oneLine(title)}`);
      return { progress, done: (result = "") => end("✅", result), fail: (result) => end("❌", result) };
    },
  };
}

/** Columns that line up although a Chinese character is two cells wide. */
export function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
      .join("  ")
      .trimEnd(),
  );
}

/** In cells of a terminal. */
export function width(text: string): number {
  return [...text].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;
