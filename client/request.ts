import { MonitoringError } from "./error.ts";
import type { Settings } from "./settings.ts";

/** Which exporter, and as whom. */
export type Address = Pick<Settings, "url" | "token">;

export interface Answer {
  status: number;
  /** undefined where it is not JSON. */
  body: unknown;
}

export interface Question {
  method: "GET" | "POST";
  /** From the exporter's address on, with a slash. */
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Milliseconds. */
  timeout: number;
}

/**
 * One request to the exporter.
 * @throws {MonitoringError} when nobody answers in time
 */
export async function ask({ url, token }: Address, question: Question): Promise<Answer> {
  if (typeof url !== "string") throw url;
  const { method, path, body, timeout } = question;
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  try {
    const response = await fetch(url + path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // Followed, a POST may turn into a GET, and its answer into a success that is none.
      redirect: "manual",
      signal: AbortSignal.timeout(Math.max(1, Math.round(timeout))),
    });
    return { status: response.status, body: parseJson(await response.text()) };
  } catch (cause) {
    throw new MonitoringError("unreachable", `the exporter does not answer at ${url}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** What an answer other than the wanted one means. */
export function toError({ url, token }: Address, { status, body }: Answer): MonitoringError {
  const said = isRecord(body) && typeof body.error === "string" ? `: ${body.error.slice(0, 300)}` : "";
  const answer = `${url} answers HTTP ${status}${said}`;
  if (status === 401 || status === 403) {
    const token_ = token === undefined ? "a token is needed" : "the token is another";
    return new MonitoringError("unauthorized", `${answer} (${token_}: set EXPORTER_TOKEN to the exporter's)`);
  }
  if (status >= 500 || status === 408 || status === 429) return new MonitoringError("unavailable", answer);
  if (status === 400 && said !== "") return new MonitoringError("refused", answer);
  return new MonitoringError(
    "unexpected",
    `${answer}, as no exporter would: MONITORING_URL must be its address`,
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
