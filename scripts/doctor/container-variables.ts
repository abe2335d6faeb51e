import { readFile } from "node:fs/promises";
import { type Compose, memoryFile } from "../stack/compose-cli.ts";

/** What config.ini says there; the operator is told of it by another name. */
const OF_CONFIG = new Set(["METRICS_PORT", "RETENTION_DAYS", "BACKUP_DAILY"]);

/**
 * What .env says otherwise than when the containers were made, by name: it may be secret.
 * @returns none where nobody remembers how it was: npm start and npm run apply do, for the one who executes them
 * @throws {StackError}
 */
export async function changedContainerVariables(compose: Compose, project: string): Promise<string[]> {
  const remembered = await readFile(memoryFile(project), "utf8").catch(() => undefined);
  if (remembered === undefined) return [];
  const before = variables(remembered);
  const now = variables(await compose.ask("config", "--format", "json"));
  const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
    (key) => (before.get(key) ?? "") !== (now.get(key) ?? ""),
  );
  const names = changed.map((key) => key.split(" ")[1] ?? "");
  return [...new Set(names)].filter((name) => !OF_CONFIG.has(name));
}

/** By "service NAME". */
function variables(text: string): Map<string, string | null> {
  const { services } = JSON.parse(text) as {
    services: Record<string, { environment?: Record<string, string | null> }>;
  };
  const each = Object.entries(services).flatMap(([service, { environment = {} }]) =>
    Object.entries(environment).map(([name, value]): [string, string | null] => [
      `${service} ${name}`,
      value,
    ]),
  );
  return new Map(each);
}
