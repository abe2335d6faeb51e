import { createServiceProcess, type ServiceProcess } from "./service-process.ts";

/** The exporter as `npm run exporter` runs it. */
export type ExporterProcess = ServiceProcess;

/** @param config lines of [monitoring] and further sections */
export function createExporterProcess(
  config = "",
  env: Record<string, string> = {},
): Promise<ExporterProcess> {
  return createServiceProcess({
    name: "exporter",
    entry: "exporter/main.ts",
    config: (port) => `[monitoring]\nmetrics_port = ${port}\n${config}`,
    env: () => env,
  });
}
