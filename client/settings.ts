import { MonitoringError } from "./error.ts";

export interface MonitoringOptions {
  /** Of the exporter, with http:// or https://. Default: MONITORING_URL, else http://localhost:8001. */
  url?: string | undefined;
  /** Default: EXPORTER_TOKEN. */
  token?: string | undefined;
  /**
   * Told of everything that goes wrong: a state that lasts once, lost events summed up. Default: a warning of the
   * process, which Node.js prints to stderr.
   */
  onError?: ((error: MonitoringError) => unknown) | undefined;
  /** Events that may wait for the exporter, 1 to 1,000,000; what is recorded beyond is lost. Default: 10,000. */
  maxWaiting?: number | undefined;
}

export interface Settings {
  /** Without a slash at the end; or what is wrong with the one that was given. */
  url: string | MonitoringError;
  token: string | undefined;
  onError: (error: MonitoringError) => unknown;
  maxWaiting: number;
}

const DEFAULT_URL = "http://localhost:8001";
const MOST_WAITING = 1_000_000;

/** The settings without any option. */
export function readEnvironment(env: Record<string, string | undefined>): {
  settings: Settings;
  problems: MonitoringError[];
} {
  const defaults: Settings = {
    url: DEFAULT_URL,
    token: undefined,
    onError: (error) => process.emitWarning(error),
    maxWaiting: 10_000,
  };
  // Empty is as good as not set, as in .env.
  const given = { url: env.MONITORING_URL || undefined, token: env.EXPORTER_TOKEN || undefined };
  return applyOptions(defaults, given, { url: "MONITORING_URL", token: "EXPORTER_TOKEN" });
}

/**
 * Changes what the options name; what is wrong stays as it was, except for the address: to report to another one than
 * was meant would be worse than to wait.
 * @param names what the options are called in errors
 */
export function applyOptions(
  settings: Settings,
  options: MonitoringOptions,
  names: Record<string, string> = {},
): { settings: Settings; problems: MonitoringError[] } {
  const problems: MonitoringError[] = [];
  const refuse = (option: string, rule: string) => {
    const problem = new MonitoringError("invalid", `${names[option] ?? `option ${option}`} ${rule}`);
    problems.push(problem);
    return problem;
  };
  const changed = { ...settings };
  const { url, token, onError, maxWaiting } = options;
  if (url !== undefined) {
    changed.url =
      parseAddress(url) ??
      refuse("url", "must be an http:// or https:// address without user name, password or query");
  }
  if (token !== undefined) {
    // What else an HTTP header may not hold, fetch would repeat in its error.
    if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) changed.token = token;
    else refuse("token", "must be printable ASCII without spaces");
  }
  if (onError !== undefined) {
    if (typeof onError === "function") changed.onError = onError;
    else refuse("onError", "must be a function");
  }
  if (maxWaiting !== undefined) {
    if (Number.isInteger(maxWaiting) && maxWaiting >= 1 && maxWaiting <= MOST_WAITING)
      changed.maxWaiting = maxWaiting;
    else refuse("maxWaiting", `must be a whole number, 1 to ${MOST_WAITING}`);
  }
  return { settings: changed, problems };
}

function parseAddress(text: unknown): string | undefined {
  if (typeof text !== "string" || !URL.canParse(text)) return undefined;
  const { protocol, username, password, search, hash, origin, pathname } = new URL(text);
  if (!/^https?:$/.test(protocol) || username + password + search + hash !== "") return undefined;
  return origin + pathname.replace(/\/+$/, "");
}
