import { createServiceProcess, type ServiceProcess } from "./service-process.ts";

export type RelayProcess = ServiceProcess;

/** The relay as `npm run relay` runs it. @param env its channels, as in .env */
export function createRelayProcess(env: Record<string, string> = {}): Promise<RelayProcess> {
  return createServiceProcess({
    name: "relay",
    entry: "alertmanager/relay/main.ts",
    config: () => "",
    env: (port) => ({ RELAY_PORT: String(port), ...env }),
  });
}
