import type { DatabaseSync } from "node:sqlite";
import type { ChannelSetup } from "./channels/index.ts";
import { isFailing, type LastTold, readLastTold } from "./outbox/history.ts";
import { backlog } from "./outbox/queue.ts";

/** What GET /api/channels answers: for each channel whether it can tell anybody, and how that went last. */
export interface ChannelsReport {
  /** false: alerts are recorded, not sent. */
  alertEnabled: boolean;
  channels: ChannelReport[];
}

/** Times are RFC 3339. */
export interface ChannelReport extends ChannelSetup, LastTold {
  /** The last notification that is settled has failed, be it for one receiver only. */
  failing: boolean;
  pending: number;
  /** Since when the oldest waits. */
  pendingSince: string | null;
}

export function reportChannels(
  database: DatabaseSync,
  channels: ChannelSetup[],
  alertEnabled: boolean,
): ChannelsReport {
  return {
    alertEnabled,
    channels: channels.map((channel) => {
      const { pending, oldest } = backlog(database, channel.name);
      return {
        ...channel,
        ...readLastTold(database, channel.name),
        failing: isFailing(database, channel.name),
        pending,
        pendingSince: oldest === undefined ? null : new Date(oldest).toISOString(),
      };
    }),
  };
}
