import { eventually } from "./eventually.ts";
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

/** Waits until every notification is told or has failed. @param seconds after which that counts as never */
export async function nothingWaits(url: string, seconds = 60): Promise<void> {
  const isEmpty = async () => {
    const response = await fetch(`${url}/api/notifications?state=pending&limit=1`);
    return ((await response.json()) as { notifications: object[] }).notifications.length === 0;
  };
  await eventually("all is told", isEmpty, seconds);
}
