import { ConfigError } from "../config/config-error.ts";
import { type Env, EnvironmentError } from "../config/environment.ts";
import { createLogger, type Logger } from "./logger.ts";
import type { Service } from "./service.ts";

/** Exit codes: 1 something failed, 2 the configuration is wrong. */
const FAILED = 1;
const MISCONFIGURED = 2;

/**
 * The life of a service's process: creates it, starts it, stops it on SIGTERM or SIGINT. The process ends by itself
 * once nothing is open.
 * @param create reads what it needs from the environment; what it throws is told on standard error
 */
export async function main(
  name: string,
  create: (env: Env, logger: (level: string) => Logger) => Service,
): Promise<void> {
  let logger = createLogger(name, "info");
  try {
    const service = create(process.env, (level) => {
      logger = createLogger(name, level);
      return logger;
    });
    stopOnSignal(service, logger);
    await service.start();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof EnvironmentError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(MISCONFIGURED);
    }
    logger.fatal({ err: error }, "cannot start");
    process.exit(FAILED);
  }
}

function stopOnSignal(service: Service, logger: Logger): void {
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      logger.info({ signal }, "stopping");
      service.stop().catch((error: unknown) => {
        logger.fatal({ err: error }, "cannot stop");
        process.exit(FAILED);
      });
    });
  }
}
