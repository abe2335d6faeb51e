import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfigFile } from "../config/config.ts";
import { configFile, type Env, EnvironmentError, optional, readPublicUrls } from "../config/environment.ts";
import { cli } from "./stack/cli.ts";
import { GENERATED_SECRETS, randomSecret } from "./stack/dotenv.ts";
import { PROJECT } from "./stack/project.ts";
import { confirm, publish } from "./stack/publish.ts";
import { render } from "./stack/render.ts";

/** Volumes of docker-compose.yml. */
const RENDERED = "/rendered";
const SECRETS = "/secrets";

/** The one-shot service of docker compose: makes the secrets and renders the configuration, before the rest starts. */
async function init(): Promise<void> {
  process.umask(0o027);
  const env = process.env;
  const { config, text } = readConfigFile(configFile(env));
  checkPublished("metrics_port", config.metricsPort, "METRICS_PORT", env);
  checkPublished("retention_days", config.retentionDays, "RETENTION_DAYS", env);
  for (const name of GENERATED_SECRETS) writeSecret(name, env);
  const { hash } = render({
    project: PROJECT,
    out: RENDERED,
    config,
    configText: text,
    addresses: {
      exporter: `exporter:${config.metricsPort}`,
      relay: "relay:8002",
      prometheus: "prometheus:9090",
      alertmanager: "alertmanager:9093",
      grafana: "grafana:3000",
    },
    publicUrls: readPublicUrls(env, config.metricsPort),
    relayTokenFile: join(SECRETS, "relay_token"),
  });
  publish(RENDERED, hash);
  confirm(RENDERED);
}

/** Compose needs some values itself but cannot read config.ini: npm start passes them on, .env does otherwise. */
function checkPublished(key: string, value: number, variable: string, env: Env): void {
  const published = optional(env, variable);
  if (published === undefined || published === String(value)) return;
  throw new EnvironmentError(
    `config.ini 里的 ${key} 是 ${value}，而 docker compose 用的是 ${published}：请在 .env 里设置 ${variable}=${value}`,
  );
}

/** What .env says, else what was made before, else a new one; readable by the containers that mount it alone. */
function writeSecret(name: string, env: Env): void {
  mkdirSync(SECRETS, { recursive: true });
  const file = join(SECRETS, name.toLowerCase());
  const kept = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const value = optional(env, name) ?? kept ?? randomSecret();
  if (value !== kept) writeFileSync(file, value, { mode: 0o640 });
}

await cli(init);
