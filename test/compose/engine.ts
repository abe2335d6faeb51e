import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

/**
 * The Docker engine that .ci/engine.ts has started for these tests. Not whichever there is: the containers and volumes
 * of a stack have the same names everywhere, and these tests remove them.
 */
const { COMPOSE_ENGINE, COMPOSE_ENGINE_MISSING } = process.env;

/** Why docker compose is not tried here, or false. */
export const WITHOUT_ENGINE =
  COMPOSE_ENGINE === undefined &&
  (COMPOSE_ENGINE_MISSING === undefined
    ? "no engine of its own: node .ci/engine.ts npm test starts one"
    : `no engine can be started: ${COMPOSE_ENGINE_MISSING}`);

/** How docker finds the engine, and the images that stand in for those that cannot be pulled. */
export function engineEnv(): Record<string, string> {
  return COMPOSE_ENGINE === undefined ? {} : JSON.parse(readFileSync(COMPOSE_ENGINE, "utf8"));
}

/** This machine's address on the engine's bridge, which containers know as host.docker.internal. */
export function bridgeAddress(): string {
  const address = networkInterfaces().docker0?.find(({ family }) => family === "IPv4")?.address;
  if (address === undefined) throw new Error("the engine has no bridge docker0");
  return address;
}
