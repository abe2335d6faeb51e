import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Env } from "../../config/environment.ts";
import { hashFiles } from "./hash-files.ts";
import type { Settings } from "./settings.ts";

/** The values that docker-compose.yml asks for: .env's, and what compose itself has to know of config.ini. */
export function composeEnv(project: string, { config, configText, env }: Settings): Env {
  const provisioning = hashFiles(join(project, "grafana/provisioning"));
  return {
    ...env,
    METRICS_PORT: String(config.metricsPort),
    RETENTION_DAYS: String(config.retentionDays),
    // Labels of the containers, so that they are made anew when something they read at start has changed.
    CONFIGURATION_HASH: hash(configText, env.EXPORTER_TOKEN, env.RELAY_TOKEN),
    GRAFANA_CONFIGURATION_HASH: hash(provisioning, env.GRAFANA_ADMIN_PASSWORD),
  };
}

function hash(...values: (string | undefined)[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}
