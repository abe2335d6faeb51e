import type { ChannelName } from "../../../config/config.ts";
import type { Env } from "../../../config/environment.ts";
import type { Clock } from "../../../service/clock.ts";
import type { Logger } from "../../../service/logger.ts";
import type { Window } from "../outbox/window.ts";
import type { Wording } from "../wording.ts";
import type { Channel } from "./channel.ts";
import { emailChannel } from "./email/channel.ts";
import { type EmailSettings, readEmailSettings } from "./email/settings.ts";
import { logChannel } from "./log/channel.ts";
import { wecomAppChannel } from "./wecom-app/channel.ts";
import { readWecomAppSettings, type WecomAppSettings } from "./wecom-app/settings.ts";
import { wecomRobotChannel } from "./wecom-robot/channel.ts";
import { readWecomRobotSettings, type WecomRobotSettings } from "./wecom-robot/settings.ts";

/** What is set up of each channel; undefined where nothing is. */
export interface ChannelSettings {
  wecom: WecomRobotSettings | undefined;
  wecomApp: WecomAppSettings | undefined;
  email: EmailSettings | undefined;
}

/** @throws {EnvironmentError} */
export function readChannelSettings(env: Env): ChannelSettings {
  return {
    wecom: readWecomRobotSettings(env),
    wecomApp: readWecomAppSettings(env),
    email: readEmailSettings(env),
  };
}

/** A channel that could be used, and what is missing for it to be. */
export interface ChannelSetup {
  name: string;
  /** .env holds what it needs. */
  setUp: boolean;
  /** config.ini asks for it. */
  enabled: boolean;
}

/** Every channel there is, set up or not. */
export function listChannels(settings: ChannelSettings, enabled: ChannelName[]): ChannelSetup[] {
  const every: [string, ChannelName, unknown][] = [
    ["wecom", "wecom", settings.wecom],
    ["wecom_app", "wecom", settings.wecomApp],
    ["email", "email", settings.email],
  ];
  return every.map(([name, key, given]) => ({
    name,
    setUp: given !== undefined,
    enabled: enabled.includes(key),
  }));
}

export interface ChannelOptions {
  settings: ChannelSettings;
  /** Those that config.ini asks for. */
  enabled: ChannelName[];
  wording: Wording;
  clock: Clock;
  logger: Logger;
  window: Window;
}

/** Every channel that is asked for and set up; the log where there is none. */
export function createChannels({
  settings,
  enabled,
  wording,
  clock,
  logger,
  window,
}: ChannelOptions): Channel[] {
  const { wecom, wecomApp, email } = settings;
  const shared = { wording, clock, window };
  const available: Record<ChannelName, () => (Channel | undefined)[]> = {
    wecom: () => [
      wecom && wecomRobotChannel({ settings: wecom, ...shared }),
      wecomApp && wecomAppChannel({ settings: wecomApp, ...shared }),
    ],
    email: () => [email && emailChannel({ settings: email, ...shared })],
  };
  const channels = enabled.flatMap((name) => available[name]()).filter((channel) => channel !== undefined);
  return channels.length > 0 ? channels : [logChannel(logger, wording)];
}
