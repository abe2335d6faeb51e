import type { Express } from "express";
import { EnvironmentError } from "../../config/environment.ts";
import { createServiceApp } from "../../service/app.ts";
import { type HttpServer, isLoopback, serve } from "../../service/http.ts";
import type { Logger } from "../../service/logger.ts";
import { isOfTheDisk, prepareOutbox } from "./outbox/database.ts";
import { createRelay, type Relay, type RelayOptions } from "./relay.ts";

/** Milliseconds between two looks whether the disk takes anything. */
const LOOK_EVERY = 5000;

/**
 * A relay that starts though its disk is full or read-only, and begins its work once it is not. Until then it answers
 * 503: Alertmanager sends its alerts again, and as there are no metrics, Prometheus says that the relay is down.
 * @throws {EnvironmentError} if other machines could reach it without a token
 */
export function createPatientRelay(options: RelayOptions): Relay {
  const { environment, logger } = options;
  const { dataDir, host, relayPort, relayToken } = environment;
  if (!isLoopback(host) && relayToken === undefined) {
    throw new EnvironmentError(`HOST=${host} 对其他机器开放，必须同时设置 RELAY_TOKEN`);
  }
  let relay: Relay | undefined;
  let waiting: HttpServer | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** The change from waiting to work. */
  let beginning: Promise<void> = Promise.resolve();

  /** @returns why the disk does not let it */
  async function begin(port: number): Promise<Error | undefined> {
    let next: Relay;
    try {
      prepareOutbox(dataDir);
      next = createRelay({ ...options, environment: { ...environment, relayPort: port } });
    } catch (error) {
      if (isOfTheDisk(error)) return error as Error;
      throw error;
    }
    clearInterval(timer);
    await waiting?.close();
    waiting = undefined;
    relay = next;
    await relay.start();
    return undefined;
  }

  async function look(): Promise<void> {
    const problem = await begin(Number(new URL(waiting?.url ?? "").port));
    if (problem === undefined) logger.info("the disk takes what is written again");
  }

  /** As at the start: whoever watches processes should see that nobody is told anything. */
  function giveUp(error: unknown): void {
    logger.fatal({ err: error }, "cannot start");
    process.exit(1);
  }

  return {
    async start() {
      const problem = await begin(relayPort);
      if (problem === undefined) return;
      logger.error({ err: problem }, "the disk takes nothing, alerts are refused until it does");
      waiting = await serve(waitingApp(logger), host, relayPort);
      timer = setInterval(() => {
        beginning = look().catch(giveUp);
      }, LOOK_EVERY);
    },
    async stop() {
      clearInterval(timer);
      await beginning;
      await waiting?.close();
      await relay?.stop();
    },
    get url() {
      return relay?.url || waiting?.url || "";
    },
  };
}

function waitingApp(logger: Logger): Express {
  const addRoutes = (app: Express) => {
    app.get("/-/healthy", (_request, response) => void response.type("text").send("OK\n"));
    app.use((_request, response) => {
      response.status(503).json({ error: "the disk takes nothing at the moment" });
    });
  };
  return createServiceApp(addRoutes, () => false, logger);
}
