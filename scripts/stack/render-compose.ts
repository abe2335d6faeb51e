import type { Config } from "../../config/config.ts";
import type { Env, PartUrls } from "../../config/environment.ts";
import { fallbackMail } from "./fallback-mail.ts";
import { type Rendering, render } from "./render.ts";
import { secretFile } from "./volume-secrets.ts";

export interface ComposeRenderOptions {
  project: string;
  out: string;
  config: Config;
  configText: string;
  env: Env;
  publicUrls: Omit<PartUrls, "relay">;
}

/** A rendering for the containers of docker-compose.yml. */
export function renderCompose({ env, ...options }: ComposeRenderOptions): Rendering {
  return render({
    ...options,
    addresses: {
      exporter: `exporter:${options.config.metricsPort}`,
      relay: "relay:8002",
      prometheus: "prometheus:9090",
      alertmanager: "alertmanager:9093",
      grafana: "grafana:3000",
    },
    relayTokenFile: secretFile("RELAY_TOKEN"),
    fallbackMail: fallbackMail(options.config, env, secretFile("SMTP_PASSWORD")),
  });
}
