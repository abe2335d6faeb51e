import { readConfig } from "../config/config.ts";
import { configFile, readServiceEnvironment } from "../config/environment.ts";
import { systemClock } from "../service/clock.ts";
import { main } from "../service/main.ts";
import { createExporter } from "./exporter.ts";

await main("exporter", (env, createLogger) => {
  const config = readConfig(configFile(env));
  const environment = readServiceEnvironment(env, config.metricsPort);
  const logger = createLogger(environment.logLevel);
  return createExporter({ config, environment, clock: systemClock, logger });
});
