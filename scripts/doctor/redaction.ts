import { type Env, readSecret } from "../../config/environment.ts";
import { PROXY_VARIABLES } from "../../config/proxies.ts";
import { SECRETS } from "../stack/dotenv.ts";
import { decode } from "../stack/fallback-mail.ts";
import type { CheckedFinding } from "./check.ts";

/** Shorter ones are part of ordinary words. */
const SHORTEST = 4;

/**
 * A last line of defence: findings are made without secrets, but they repeat what others say. Only what they say in
 * words: a report has words of its own, and a password may be one of them.
 * @returns what takes every secret of the settings out of a finding
 */
export function createRedaction(env: Env): (finding: CheckedFinding) => CheckedFinding {
  const secrets = [...new Set(secretsOf(env))]
    .filter(({ length }) => length >= SHORTEST)
    // One may be part of another.
    .sort((a, b) => b.length - a.length);
  const redact = (text: string) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return (finding) => ({
    ...finding,
    what: redact(finding.what),
    ...("why" in finding && { why: redact(finding.why) }),
    ...("remedy" in finding && { remedy: redact(finding.remedy) }),
  });
}

function secretsOf(env: Env): string[] {
  const values = SECRETS.map((name) => read(env, name) ?? "");
  const robots = (read(env, "WECOM_ROBOT_KEY") ?? "").split(",").map((key) => key.trim());
  const urls = [read(env, "SMTP_URL"), env.WECOM_API_BASE, ...PROXY_VARIABLES.map((name) => env[name])];
  return [...values, ...robots, ...urls.flatMap((url) => credentials(url ?? ""))];
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
  return [password, decode(password)];
}
