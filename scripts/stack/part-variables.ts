import type { Env } from "../../config/environment.ts";
import { PROXY_VARIABLES } from "../../config/proxies.ts";

/** What a process needs of the machine; none of it decides whether to start it anew. */
export const MACHINE_VARIABLES = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "SystemRoot"];

const withFiles = (names: string[]) => names.flatMap((name) => [name, `${name}_FILE`]);

const COMMON_VARIABLES = ["LOG_LEVEL", ...PROXY_VARIABLES, ...["NODE_USE_ENV_PROXY", "NODE_EXTRA_CA_CERTS"]];

/** Whom the relay tells, and by what secrets. */
export const CHANNEL_VARIABLES = [
  ...["WECOM_API_BASE", "WECOM_MENTION", "WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_TO_USER"],
  ...["EMAIL_FROM", "EMAIL_TO"],
  ...withFiles(["WECOM_ROBOT_KEY", "WECOM_SECRET", "SMTP_URL"]),
];

/** What our services take from the operator. Only the exporter is ever open to other machines. */
export const SERVICE_VARIABLES = {
  exporter: [...COMMON_VARIABLES, "HOST", "HOST_ROOT", ...withFiles(["EXPORTER_TOKEN", "RELAY_TOKEN"])],
  relay: [...COMMON_VARIABLES, ...withFiles(["RELAY_TOKEN"]), ...CHANNEL_VARIABLES],
};

/** Of the operator's, as a process has them. */
const OPERATOR_VARIABLES = [
  ...new Set(Object.values(SERVICE_VARIABLES).flat()),
  "GF_SECURITY_ADMIN_PASSWORD",
] as const;

/**
 * What the operator has set otherwise, by name alone: it may be secret.
 * @param before what a part was started with
 */
export function changedVariables(before: Env, after: Env): string[] {
  const changed = OPERATOR_VARIABLES.filter((name) => before[name] !== after[name]);
  return changed.map((name) => name.replace("GF_SECURITY_", "GRAFANA_"));
}

/** Those that are set. */
export function pick(env: Env, names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
