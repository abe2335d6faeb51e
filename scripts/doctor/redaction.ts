import { type Env, readSecret } from "../../config/environment.ts";
import { PROXY_VARIABLES } from "../../config/proxies.ts";
import { SECRETS } from "../stack/dotenv.ts";

/** Shorter ones are part of ordinary words. */
const SHORTEST = 4;

/**
 * A last line of defence: findings are made without secrets, but they repeat what others say.
 * @returns what takes every secret of the settings out of a text
 */
export function createRedaction(env: Env): (text: string) => string {
  const secrets = [...new Set(secretsOf(env))]
    .filter(({ length }) => length >= SHORTEST)
    // One may be part of another.
    .sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}

function secretsOf(env: Env): string[] {
  const values = SECRETS.flatMap((name) => read(env, name)?.split(",") ?? []).map((value) => value.trim());
  const urls = [read(env, "SMTP_URL"), env.WECOM_API_BASE, ...PROXY_VARIABLES.map((name) => env[name])];
  return [...values, ...urls.flatMap((url) => credentials(url ?? ""))];
}

function read(env: Env, name: string): string | undefined {
  try {
    return readSecret(env, name);
  } catch {
    return env[name];
  }
}

/** The password of a URL, as it is written and as it is meant. */
function credentials(text: string): string[] {
  const { password = "" } = URL.parse(text.includes("://") ? text : `http://${text}`) ?? {};
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
