import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Channel } from "../../../alertmanager/relay/channels/channel.ts";
import { emailChannel } from "../../../alertmanager/relay/channels/email/channel.ts";
import type { Mail } from "../../../alertmanager/relay/channels/email/render.ts";
import { logChannel } from "../../../alertmanager/relay/channels/log/channel.ts";
import { wecomAppChannel } from "../../../alertmanager/relay/channels/wecom-app/channel.ts";
import {
  type RobotMessage,
  wecomRobotChannel,
} from "../../../alertmanager/relay/channels/wecom-robot/channel.ts";
import { fakeClock } from "./clock.ts";
import { silentLogger } from "./logger.ts";
import { testWording } from "./wording.ts";

/** What each channel must never tell anybody. */
export const SECRETS = {
  robotKey: "robot-key-hunter2",
  corpSecret: "corp-secret-hunter2",
  token: "access-token-hunter2",
  smtpPassword: "smtp-password-hunter2",
};

/** A channel as the conformance suite sees it. */
export interface Subject {
  name: string;
  /** @param address host and port of the other side */
  create(address: string): Channel;
  /** Every text of a message that people see. */
  texts(content: unknown): string[];
  /** Of one text, in bytes of UTF-8. */
  limit: number;
}

const options = { wording: testWording(), clock: fakeClock() };
const window = { reserve: () => ({ granted: true }) as const, answered: () => {}, room: () => 20 };

export const ROBOT: Subject = {
  name: "wecom",
  create: (address) =>
    wecomRobotChannel({
      settings: {
        keys: [SECRETS.robotKey],
        apiBase: `http://${address}`,
        mention: { users: ["zhangsan", "lisi"], mobiles: [], everybody: false },
      },
      ...options,
      window,
    }),
  texts: (content) => [(content as RobotMessage).markdown],
  limit: 4096,
};

export const APPLICATION: Subject = {
  name: "wecom_app",
  create: (address) =>
    wecomAppChannel({
      settings: {
        corpId: "ww0123456789abcdef",
        agentId: 1000002,
        secret: SECRETS.corpSecret,
        toUser: "zhangsan",
        apiBase: `http://${address}`,
      },
      ...options,
      window,
    }),
  texts: (content) => [content as string],
  limit: 2048,
};

export const MAIL: Subject = {
  name: "email",
  create: (address) =>
    emailChannel({
      settings: {
        smtpUrl: `smtp://user:${SECRETS.smtpPassword}@${address}`,
        from: "monitor@example.com",
        to: "ops@example.com",
      },
      ...options,
    }),
  texts: (content) => {
    const { subject, text, html } = content as Mail;
    return [subject, text, html];
  },
  // Of mail servers; most take ten times as much.
  limit: 600_000,
};

export const LOG: Subject = {
  name: "log",
  create: () => logChannel(silentLogger, testWording()),
  texts: (content) => [content as string],
  limit: Number.POSITIVE_INFINITY,
};

/** An application's server that gives out a token and leaves the rest to the handler. */
export function withToken(handler: RequestListener): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    if (!request.url?.startsWith("/cgi-bin/gettoken")) return handler(request, response);
    response.end(JSON.stringify({ errcode: 0, access_token: SECRETS.token, expires_in: 7200 }));
  };
}
