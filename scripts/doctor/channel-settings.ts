import { type ChannelSettings, readChannelSettings } from "../../alertmanager/relay/channels/index.ts";
import { type Env, EnvironmentError } from "../../config/environment.ts";

/** Whom the relay tells; undefined where .env is wrong about it, which the check of the settings tells. */
export function channelSettings(env: Env): ChannelSettings | undefined {
  try {
    return readChannelSettings(env);
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
}
