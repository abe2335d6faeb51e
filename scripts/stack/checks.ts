/** What checks a rendering: the server it comes with, its name, its arguments; files are named from the rendering. */
export const CHECKS = [
  ["prometheus", "promtool", "check", "config", "prometheus/prometheus.yml"],
  ["alertmanager", "amtool", "check-config", "alertmanager/alertmanager.yml"],
] as const;

/**
 * What a checking tool found, without what it found in order, its files named as the operator knows them.
 * @param error of run()
 */
export function findings(error: Error, folder: string): string {
  const { stdout = "", stderr = "" } = (error.cause ?? {}) as { stdout?: string; stderr?: string };
  const lines = `${stdout}\n${stderr}`.replaceAll(`${folder}/`, "").split("\n");
  const telling = lines.filter(
    (line) => line.trim() !== "" && !/^\s*(Checking|SUCCESS|FAILED:?$)/.test(line),
  );
  return [...new Set(telling.map((line) => line.trim()))].join("\n") || error.message;
}
