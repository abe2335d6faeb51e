import type { Express } from "express";
import { createServiceApp } from "../../service/app.ts";
import { type HttpServer, serve } from "../../service/http.ts";
import type { Logger } from "../../service/logger.ts";
import { findDiskProblem } from "./outbox/database.ts";
import { createRelay, type Relay, type RelayOptions } from "./relay.ts";

/** Milliseconds between two looks whether the disk takes anything. */
const LOOK_EVERY = 5000;

/**
 * A relay that starts though its disk is full or read-only, and begins its work once it is not. Until then it answers
 * 503: Alertmanager sends its alerts again, and as there are no metrics, Prometheus says that the relay is down.
 * @throws {EnvironmentError} as createRelay
 */
export function createPatientRelay(options: RelayOptions): Relay {
  const { environment, logger } = options;
  const { dataDir, host, relayPort } = environment;
  let relay: Relay | undefined;
  let waiting: HttpServer | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** The change from waiting to work. */
  let beginning: Promise<void> = Promise.resolve();

  async function begin(port: number): Promise<void> {
    clearInterval(timer);
    await waiting?.close();
    waiting = undefined;
    relay = createRelay({ ...options, environment: { ...environment, relayPort: port } });
    await relay.start();
  }

  async function look(): Promise<void> {
    if (findDiskProblem(dataDir) === undefined) await begin(Number(new URL(waiting?.url ?? "").port));
  }

  /** As at the start: whoever watches processes should see that nobody is told anything. */
  function giveUp(error: unknown): void {
    logger.fatal({ err: error }, "cannot start");
    process.exit(1);
  }

  return {
    async start() {
      const problem = findDiskProblem(dataDir);
      if (problem === undefined) return begin(relayPort);
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
