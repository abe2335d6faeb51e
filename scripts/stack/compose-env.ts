import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Env } from "../../config/environment.ts";
import { readProxies } from "../../config/proxies.ts";
import { isLoopback } from "../../service/http.ts";
import { hashFiles } from "./hash-files.ts";
import type { Settings } from "./settings.ts";

/** The values that docker-compose.yml asks for: .env's, and what compose itself has to know of config.ini. */
export function composeEnv(project: string, { config, configText, env }: Settings): Env {
  const provisioning = hashFiles(join(project, "grafana/provisioning"));
  return {
    ...env,
    ...containerProxies(env),
    METRICS_PORT: String(config.metricsPort),
    RETENTION_DAYS: String(config.retentionDays),
    // Labels of the containers, so that they are made anew when something they read at start has changed.
    CONFIGURATION_HASH: hash(configText, env.EXPORTER_TOKEN, env.RELAY_TOKEN),
    GRAFANA_CONFIGURATION_HASH: hash(provisioning, env.GRAFANA_ADMIN_PASSWORD),
  };
}

/** Not HTTP_PROXY itself, which docker goes by; one on this machine's loopback is not there for a container. */
function containerProxies(env: Env): Env {
  const { HTTP_PROXY = "", HTTPS_PROXY = "", NO_PROXY } = readProxies(env);
  const reachable = (address: string) =>
    address === "" || isLoopback(new URL(address).hostname) ? "" : address;
  return {
    CONTAINER_HTTP_PROXY: reachable(HTTP_PROXY),
    CONTAINER_HTTPS_PROXY: reachable(HTTPS_PROXY),
    CONTAINER_NO_PROXY: NO_PROXY,
  };
}

function hash(...values: (string | undefined)[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}
