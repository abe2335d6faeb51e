import { readConfig } from "../../config/config.ts";
import { configFile, readServiceEnvironment } from "../../config/environment.ts";
import { systemClock } from "../../service/clock.ts";
import { main } from "../../service/main.ts";
import { readChannelSettings } from "./channels/index.ts";
import { createRelay } from "./relay.ts";

await main("relay", (env, createLogger) => {
  const config = readConfig(configFile(env));
  const environment = readServiceEnvironment(env, config.metricsPort);
  const logger = createLogger(environment.logLevel);
  return createRelay({
    config,
    environment,
    channelSettings: readChannelSettings(env),
    clock: systemClock,
    logger,
  });
});
