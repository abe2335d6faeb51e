import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { Env } from "../../config/environment.ts";

/** Made at random where .env leaves them empty. */
export const GENERATED_SECRETS = ["EXPORTER_TOKEN", "RELAY_TOKEN", "GRAFANA_ADMIN_PASSWORD"] as const;

/** 256 bits, in characters that need no quoting anywhere. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * Makes the .env file from its example if missing, fills in the secrets that are empty, and keeps it from others.
 * A secret that the environment gives, by value or by file, is left empty.
 * @returns what was done
 */
export function ensureDotenv(file: string, example: string, env: Env): "created" | "completed" | "unchanged" {
  const before = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  let text = before ?? readFileSync(example, "utf8");
  for (const name of GENERATED_SECRETS) {
    const values = parseEnv(text);
    if (values[name] || values[`${name}_FILE`] || env[name] || env[`${name}_FILE`]) continue;
    const line = `${name}=${randomSecret()}`;
    const empty = new RegExp(`^${name}=.*$`, "m");
    text = empty.test(text) ? text.replace(empty, line) : `${text.trimEnd()}\n${line}\n`;
  }
  if (text !== before) writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
  if (before === undefined) return "created";
  return text === before ? "unchanged" : "completed";
}

/** The environment with .env below it: what is set outside wins, as with docker compose. */
export function readDotenv(file: string, env: Env): Env {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  return { ...parseEnv(readFileSync(file, "utf8")), ...given };
}
