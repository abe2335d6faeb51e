import { z } from "zod";
import type { AlertHistory } from "../../client/wire.ts";
import { askUpstream, UpstreamError } from "./upstream.ts";

const answerSchema = z.object({ alerts: z.array(z.record(z.string(), z.unknown())) });

/**
 * The alert history, from the relay.
 * @param query passed on: since, until, status, limit
 * @throws {UpstreamError}
 */
export async function readAlerts(relayUrl: string, query: URLSearchParams): Promise<AlertHistory> {
  const answer = answerSchema.safeParse(
    await askUpstream("the relay", new URL(`${relayUrl}/api/alerts?${query}`)),
  );
  if (!answer.success)
    throw new UpstreamError("the relay's answer is not an alert history", {
      cause: answer.error,
      refusal: undefined,
    });
  return answer.data;
}
