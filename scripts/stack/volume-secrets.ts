import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Env, optional } from "../../config/environment.ts";
import { readAdminPassword } from "./admin-password.ts";
import { GENERATED_SECRETS, randomSecret } from "./dotenv.ts";
import { mailPassword } from "./fallback-mail.ts";

/** A volume of docker-compose.yml, as the containers see it. */
const SECRETS = "/secrets";

/** Where a container that mounts the volume finds a secret. */
export function secretFile(name: string, folder = SECRETS): string {
  return join(folder, name.toLowerCase());
}

/** What the volume should hold: what .env says, else what was made before, else a new one; undefined for nothing. */
function wanted(env: Env, folder: string): [name: string, value: string | undefined][] {
  return [
    ...GENERATED_SECRETS.map((name): [string, string] => [
      name,
      optional(env, name) ?? kept(name, folder) ?? randomSecret(),
    ]),
    // For Alertmanager, which has no other way to it.
    ["SMTP_PASSWORD", mailPassword(env)],
  ];
}

/** The secrets that were made by themselves, or given before. */
export function keptSecrets(folder = SECRETS): Partial<Record<string, string>> {
  return Object.fromEntries(GENERATED_SECRETS.map((name) => [name, kept(name, folder)]));
}

/** The names of those that are not, or not yet, as the environment says. */
export function secretsToChange(env: Env, folder = SECRETS): string[] {
  return wanted(env, folder).flatMap(([name, value]) => (value === kept(name, folder) ? [] : [name]));
}

/** Readable by the containers that mount the volume alone. @throws {EnvironmentError} */
export function writeSecrets(env: Env, folder = SECRETS): void {
  readAdminPassword(env);
  mkdirSync(folder, { recursive: true });
  for (const [name, value] of wanted(env, folder)) {
    const file = secretFile(name, folder);
    if (value === undefined) rmSync(file, { force: true });
    else if (value !== kept(name, folder)) writeFileSync(file, value, { mode: 0o640 });
  }
}

function kept(name: string, folder: string): string | undefined {
  try {
    return readFileSync(secretFile(name, folder), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
