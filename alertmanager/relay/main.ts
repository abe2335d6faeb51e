import { setGlobalProxyFromEnv } from "node:http";
import { readConfig } from "../../config/config.ts";
import { configFile, readServiceEnvironment } from "../../config/environment.ts";
import { readProxies } from "../../config/proxies.ts";
import { systemClock } from "../../service/clock.ts";
import { main } from "../../service/main.ts";
import { readChannelSettings } from "./channels/index.ts";
import { createPatientRelay } from "./patient.ts";

await main("relay", (env, createLogger) => {
  const config = readConfig(configFile(env));
  const environment = readServiceEnvironment(env, config.metricsPort);
  // WeCom is all that it asks for by HTTP.
  setGlobalProxyFromEnv({ ...readProxies(env) });
  const logger = createLogger(environment.logLevel);
  return createPatientRelay({
    config,
    environment,
    channelSettings: readChannelSettings(env),
    clock: systemClock,
    logger,
  });
});
