import { z } from "zod";
import type { ServiceEnvironment } from "../../config/environment.ts";
import { askUpstream, UpstreamError } from "./upstream.ts";

/** Milliseconds: a channel that hangs is given up by the relay before. */
const TIMEOUT = 60_000;

const answerSchema = z.object({ results: z.array(z.record(z.string(), z.unknown())) });

/**
 * Has the relay send a test message through each channel that is set up, and waits for it.
 * @returns the relay's own answer: each channel's outcome
 * @throws {UpstreamError}
 */
export async function sendTestMessage({
  urls,
  relayToken,
}: ServiceEnvironment): Promise<z.output<typeof answerSchema>> {
  try {
    const url = new URL(`${urls.relay}/api/test`);
    return answerSchema.parse(
      await askUpstream("the relay", url, { method: "POST", token: relayToken, timeout: TIMEOUT }),
    );
  } catch (cause) {
    // A 401 of the relay's is about its token, not about the caller's.
    const message =
      cause instanceof UpstreamError ? cause.message : "the relay's answer is not one of a test";
    throw new UpstreamError(message, { cause, refusal: undefined });
  }
}
