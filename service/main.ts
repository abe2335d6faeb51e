import { flushCompileCache } from "node:module";
import { ConfigError } from "../config/config-error.ts";
import { type Env, EnvironmentError } from "../config/environment.ts";
import { createLogger, type Logger } from "./logger.ts";
import type { Service } from "./service.ts";

/** Exit codes: 1 something failed, 2 the configuration is wrong. */
const FAILED = 1;
const MISCONFIGURED = 2;

/** Milliseconds between two looks whether npm's shell is still there. */
const PARENT_INTERVAL = 1000;

/**
 * The life of a service's process: creates it, starts it, stops it on SIGTERM or SIGINT. The process ends by itself
 * once nothing is open; a thread stuck in a dead mount does not keep it (exporter/collectors/statfs.ts).
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
    const started = Promise.withResolvers<void>();
    const stop = stopper(service, started.promise, logger);
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(signal));
    if (process.env.npm_lifecycle_event === name) stopWithParent(stop);
    await service.start().finally(started.resolve);
    // Now, as one that is killed would not leave it (compile-cache.mjs).
    flushCompileCache();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof EnvironmentError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(MISCONFIGURED);
    }
    logger.fatal({ err: error }, "cannot start");
    process.exit(FAILED);
  }
}

/** @returns what stops the service, once; one that is just starting, as soon as it has */
function stopper(service: Service, started: Promise<void>, logger: Logger): (signal: string) => void {
  let stopping = false;
  return (signal) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, "stopping");
    const stopped = started.then(() => service.stop());
    stopped.catch((error: unknown) => {
      logger.fatal({ err: error }, "cannot stop");
      process.exit(FAILED);
    });
  };
}

/** `npm run` hands SIGTERM to a shell, and many a shell ends without handing it on; its child shows in no terminal. */
function stopWithParent(stop: (signal: string) => void): void {
  const parent = process.ppid;
  const look = () => {
    if (process.ppid !== parent) stop("SIGTERM to npm");
  };
  setInterval(look, PARENT_INTERVAL).unref();
}
