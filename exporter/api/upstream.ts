/** Prometheus or the relay did not answer as it should. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
}

/** Milliseconds. */
const TIMEOUT = 10_000;

/**
 * Asks another part of the stack for JSON.
 * @param part how the part is named in errors
 * @throws {UpstreamError} when it is away, slow, or refuses
 */
export async function askUpstream(part: string, url: URL): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return answer;
  } catch (cause) {
    throw new UpstreamError(`${part} does not answer at ${url.origin}: ${reason(cause)}`, { cause });
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
