import { z } from "zod";
import { askUpstream } from "../api/upstream.ts";
import { DEADLINE } from "./answer.ts";

const time = z.string().transform((text) => Date.parse(text));

const notificationSchema = z.object({
  channel: z.string(),
  /** What it told. */
  status: z.string(),
  state: z.string(),
  createdAt: time,
  finishedAt: time.nullable(),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
});

const alertSchema = z.object({
  status: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  startsAt: time,
  endsAt: time.nullable(),
  generatorURL: z.string(),
  notifications: z.array(notificationSchema),
});

const channelsSchema = z.object({
  alertEnabled: z.boolean(),
  channels: z.array(
    z.object({
      name: z.string(),
      setUp: z.boolean(),
      enabled: z.boolean(),
      sent: z.object({ at: time }).nullable(),
      failed: z.object({ at: time, reason: z.string().nullable(), detail: z.string().nullable() }).nullable(),
      failing: z.boolean(),
      pending: z.number(),
      pendingSince: time.nullable(),
    }),
  ),
});

/** Times of all of these are milliseconds since the epoch. */
export type Notification = z.output<typeof notificationSchema>;
export type RememberedAlert = z.output<typeof alertSchema>;
export type Channels = z.output<typeof channelsSchema>;
export type Channel = Channels["channels"][number];

/** How alerts were told. */
export interface Telling extends Channels {
  /** Newest first. */
  recent: RememberedAlert[];
  firing: RememberedAlert[];
}

const RECENT = 20;
const FIRING = 200;

/** @throws {UpstreamError} */
export async function readTelling(relayUrl: string): Promise<Telling> {
  const [channels, recent, firing] = await Promise.all([
    ask("/api/channels", channelsSchema),
    ask(`/api/alerts?status=resolved&limit=${RECENT}`, z.object({ alerts: z.array(alertSchema) })),
    ask(`/api/alerts?status=firing&limit=${FIRING}`, z.object({ alerts: z.array(alertSchema) })),
  ]);
  return { ...channels, recent: recent.alerts, firing: firing.alerts };

  async function ask<T>(path: string, schema: z.ZodType<T, unknown>): Promise<T> {
    return schema.parse(await askUpstream("the relay", new URL(relayUrl + path), { timeout: DEADLINE }));
  }
}
