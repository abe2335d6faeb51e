import { readFileSync } from "node:fs";
import { run } from "../../scripts/stack/run.ts";

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

/** This machine's address as containers see it, under the name that docker-compose.yml gives it. */
export async function hostAddress(): Promise<string> {
  const env = engineEnv();
  const args = ["run", "--rm", "--add-host", "host:host-gateway", env.NODE_IMAGE ?? "", "cat", "/etc/hosts"];
  const hosts = await run("docker", args, { env: { ...process.env, ...env } });
  const address = /^(\S+)\s+host$/m.exec(hosts)?.[1];
  if (address === undefined) throw new Error(`the engine gives this machine no name:\n${hosts}`);
  return address;
}
