import pino, { type Logger } from "pino";

export const silentLogger: Logger = pino({ level: "silent" });

/** A logger whose lines can be read. */
export function recordingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return { logger: pino({ level: "trace" }, { write: (line: string) => void lines.push(line) }), lines };
}
