/** What checks a rendering: the server it comes with, its name, its arguments; files are named from the rendering. */
export const CHECKS = [
  ["prometheus", "promtool", "check", "config", "prometheus/prometheus.yml"],
  ["alertmanager", "amtool", "check-config", "alertmanager/alertmanager.yml"],
] as const;

/** That it looks at a file, what is in order, and that something is not. */
const NOISE = /^\s*(Checking |SUCCESS|FAILED:?$|amtool: error: failed to validate \d+ file)/;

/**
 * What a checking tool found, without what it found in order, its files named as the operator knows them.
 * @param error of run()
 */
export function findings(error: Error, folder: string): string {
  const { stdout = "", stderr = "" } = (error.cause ?? {}) as { stdout?: string; stderr?: string };
  const lines = `${stdout}\n${stderr}`.replaceAll(`${folder}/`, "").split("\n");
  const telling = lines
    // amtool puts the reason on the line that names the file.
    .map((line) => line.replace(/^\s*Checking '?(.*?)'?\s+FAILED:\s*/, "$1: "))
    .filter((line) => line.trim() !== "" && !NOISE.test(line));
  return [...new Set(telling.map((line) => line.trim()))].join("\n") || error.message;
}
