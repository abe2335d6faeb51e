import { z } from "zod";
import { askUpstream } from "../api/upstream.ts";
import { DEADLINE } from "./answer.ts";

/** An alert that nobody is told of at the moment. */
export interface MutedAlert {
  labels: Record<string, string>;
  /** Somebody asked for silence, or a graver alert speaks for it. */
  by: "silence" | "inhibition";
}

const alertsSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    status: z.object({ silencedBy: z.array(z.string()), inhibitedBy: z.array(z.string()) }),
  }),
);

/** @throws {UpstreamError} */
export async function readMuted(alertmanagerUrl: string): Promise<MutedAlert[]> {
  const url = new URL(`${alertmanagerUrl}/api/v2/alerts`);
  const alerts = alertsSchema.parse(await askUpstream("Alertmanager", url, { timeout: DEADLINE }));
  return alerts.flatMap(({ labels, status }): MutedAlert[] => {
    if (status.silencedBy.length > 0) return [{ labels, by: "silence" }];
    return status.inhibitedBy.length > 0 ? [{ labels, by: "inhibition" }] : [];
  });
}
