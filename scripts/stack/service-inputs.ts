import { createHash } from "node:crypto";
import type { Config } from "../../config/config.ts";
import { probeDeadline } from "../../exporter/collectors/services.ts";

export type ServiceName = "exporter" | "relay";

/** What of config.ini each service uses. Anything else it need not be started anew for. */
const USED: Record<ServiceName, (config: Config) => unknown> = {
  exporter: ({ enabled, metricsPort, alertEnabled, collectInterval, timezone, thresholds, services }) => [
    ...[enabled, metricsPort, alertEnabled, collectInterval, timezone],
    // All that the exporter knows of thresholds; rules compare with them.
    probeDeadline(thresholds.responseTime),
    services.map(({ name, url }) => [name, url]),
  ],
  relay: ({ alertEnabled, channels, timezone, retentionDays }) => [
    ...[alertEnabled, channels, timezone, retentionDays],
  ],
};

/** Changes when a service has to be started anew to follow config.ini. */
export function configFingerprint(service: ServiceName, config: Config): string {
  return createHash("sha256")
    .update(JSON.stringify(USED[service](config)))
    .digest("hex");
}
