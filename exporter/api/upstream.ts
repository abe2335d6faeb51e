import querystring from "node:querystring";

/** Prometheus or the relay did not answer as it should. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  /** What it answered with 4xx; undefined where it is away or has failed. */
  readonly refusal: { status: number; answer: unknown } | undefined;

  constructor(message: string, { refusal, ...options }: ErrorOptions & Pick<UpstreamError, "refusal">) {
    super(message, options);
    this.refusal = refusal;
  }
}

/** Milliseconds. */
const TIMEOUT = 10_000;

export interface UpstreamOptions {
  /** Milliseconds; 10 s where not given. */
  timeout?: number;
  method?: "GET" | "POST";
  token?: string | undefined;
}

/**
 * Asks another part of the stack for JSON.
 * @param part how the part is named in errors
 * @param url may hold a user and a password
 * @throws {UpstreamError} when it is away, slow, or refuses; with its own reason where it gives one as `error`
 */
export async function askUpstream(
  part: string,
  url: URL,
  { timeout = TIMEOUT, method = "GET", token }: UpstreamOptions = {},
): Promise<unknown> {
  let response: Response;
  let answer: unknown;
  try {
    const headers = new Headers(token === undefined ? {} : { Authorization: `Bearer ${token}` });
    response = await fetch(withoutCredentials(url, headers), {
      method,
      headers,
      signal: AbortSignal.timeout(timeout),
    });
    answer = await response.json();
  } catch (cause) {
    const message = `${part} does not answer at ${url.origin}: ${reason(cause)}`;
    throw new UpstreamError(message, { cause, refusal: undefined });
  }
  if (response.ok) return answer;
  const refused = response.status >= 400 && response.status < 500;
  const { error } = Object(answer) as { error?: unknown };
  const why = typeof error === "string" ? `: ${error}` : "";
  throw new UpstreamError(`${part} answers HTTP ${response.status}${why}`, {
    refusal: refused ? { status: response.status, answer } : undefined,
  });
}

/** What fetch is to be given: it refuses an address with a password, and its error repeats the whole of it. */
function withoutCredentials(url: URL, headers: Headers): URL {
  const { username, password } = url;
  if (username === "" && password === "") return url;
  const address = new URL(url);
  address.username = "";
  address.password = "";
  const pair = [username, password].map((part) => querystring.unescape(part)).join(":");
  headers.set("Authorization", `Basic ${Buffer.from(pair).toString("base64")}`);
  return address;
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
