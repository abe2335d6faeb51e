import { createServiceProcess, type ServiceProcess } from "./service-process.ts";

/** The relay as `npm run relay` runs it. */
export type RelayProcess = ServiceProcess;

export function createRelayProcess(env: Record<string, string> = {}): Promise<RelayProcess> {
  return createServiceProcess({
    name: "relay",
    entry: "alertmanager/relay/main.ts",
    config: () => "[monitoring]\n",
    env: (port) => ({ RELAY_PORT: String(port), ...env }),
  });
}
