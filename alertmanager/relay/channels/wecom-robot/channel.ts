import { createHash } from "node:crypto";
import type { Clock } from "../../../../service/clock.ts";
import { type Alert, isCritical } from "../../alert.ts";
import type { Limit, Window } from "../../outbox/window.ts";
import type { Wording } from "../../wording.ts";
import type { Channel, Message, Outcome } from "../channel.ts";
import { callWecom, WECOM_TIMEOUT } from "../wecom-call.ts";
import { renderDigest } from "../wecom-digest.ts";
import { classifyAnswer } from "../wecom-errors.ts";
import { renderAlerts, renderTest } from "../wecom-markdown.ts";
import type { WecomRobotSettings } from "./settings.ts";

/** A robot's limit (https://developer.work.weixin.qq.com/document/path/91770). */
const ROBOT_LIMIT: Limit = { messages: 20, span: 60_000 };
/** Bytes of UTF-8 (https://developer.work.weixin.qq.com/document/path/91770). */
export const MARKDOWN_LIMIT = 4096;

export interface WecomRobotOptions {
  settings: WecomRobotSettings;
  wording: Wording;
  clock: Clock;
  window: Window;
}

/** Markdown, and whether it is about something that people are called for. */
export interface RobotMessage {
  markdown: string;
  calls: boolean;
}

/** Milliseconds for which a robot that cannot be used is asked only if no other can be. */
const BROKEN_FOR = 10 * 60_000;

/** A WeCom group robot, or several that share the load. */
export function wecomRobotChannel(options: WecomRobotOptions): Channel<RobotMessage> {
  const { settings, wording, clock, window } = options;
  const robots = settings.keys.map((key) => ({
    key,
    sender: senderName(key),
    brokenAt: Number.NEGATIVE_INFINITY,
  }));
  const room = ({ sender }: Robot) => window.room(sender, ROBOT_LIMIT);
  const isWhole = ({ brokenAt }: Robot) => clock.now() - brokenAt >= BROKEN_FOR;
  /** Each robot by its place in WECOM_ROBOT_KEY: one that was removed shows, though another tells. */
  async function testAll() {
    const message = { markdown: renderTest(wording.time(clock.now())), calls: false };
    return Promise.all(
      robots.map(async (robot, index) => {
        const reservation = window.reserve(robot.sender, ROBOT_LIMIT);
        const outcome: Outcome = reservation.granted
          ? await send(message, robot, options)
          : { kind: "wait", until: reservation.until };
        return { sender: `机器人 ${index + 1}`, outcome };
      }),
    );
  }

  return {
    ...(robots.length > 1 && { testAll }),
    name: "wecom",
    capacity: () => robots.filter(isWhole).reduce((sum, robot) => sum + room(robot), 0),
    compose: (alerts) => callingFor(alerts, renderAlerts(alerts, wording, limitFor(settings))),
    composeDigest: (digest) => callingFor(digest.alerts, renderDigest(digest, wording, limitFor(settings))),
    composeTest: () => ({ markdown: renderTest(wording.time(clock.now())), calls: false }),
    async send(message) {
      let until = Number.POSITIVE_INFINITY;
      let refused: Outcome | undefined;
      // The one with the most room first, those that were refused last.
      const order = robots.toSorted((a, b) => Number(isWhole(b)) - Number(isWhole(a)) || room(b) - room(a));
      for (const robot of order) {
        const reservation = window.reserve(robot.sender, ROBOT_LIMIT);
        if (!reservation.granted) {
          until = Math.min(until, reservation.until);
          continue;
        }
        const outcome = await send(message, robot, options);
        if (outcome.kind !== "failed" || outcome.reason !== "setup") return outcome;
        robot.brokenAt = clock.now();
        refused = outcome;
      }
      // A robot that was removed does not keep another from telling it, not even one that has to wait first.
      return refused !== undefined && until === Number.POSITIVE_INFINITY ? refused : { kind: "wait", until };
    },
  };
}

interface Robot {
  key: string;
  /** Its name on disk. */
  sender: string;
  /** When it was last refused for its set-up, in milliseconds since the epoch. */
  brokenAt: number;
}

function callingFor(alerts: Alert[], { content, covers }: Message<string>): Message<RobotMessage> {
  const told = alerts.slice(0, covers);
  const calls = told.some((alert) => alert.status === "firing" && isCritical(alert));
  return { content: { markdown: content, calls }, covers };
}

/** Leaves room for those who are called. */
function limitFor({ mention }: WecomRobotSettings): number {
  return MARKDOWN_LIMIT - Buffer.byteLength(callInline(mention));
}

/** Users are called in the message itself; everybody, and telephone numbers, only by a text beside it. */
function callInline({ users }: WecomRobotSettings["mention"]): string {
  return users.length > 0 ? `\n${users.map((user) => `<@${user}>`).join("")}` : "";
}

async function send(
  { markdown, calls }: RobotMessage,
  robot: Robot,
  options: WecomRobotOptions,
): Promise<Outcome> {
  const { settings, window } = options;
  const { mention } = settings;
  const content = calls ? markdown + callInline(mention) : markdown;
  const outcome = await post({ msgtype: "markdown", markdown: { content } }, robot, options);
  const isForText = mention.everybody || mention.mobiles.length > 0;
  if (outcome.kind === "sent" && calls && isForText && window.reserve(robot.sender, ROBOT_LIMIT).granted) {
    // What was told stays told if the call fails: it is not tried again.
    await post({ msgtype: "text", text: callText(mention) }, robot, options);
  }
  return outcome;
}

/** https://developer.work.weixin.qq.com/document/path/91770 */
function callText({ everybody, mobiles }: WecomRobotSettings["mention"]): object {
  return {
    content: "有严重告警，请看上一条消息。",
    ...(everybody && { mentioned_list: ["@all"] }),
    ...(mobiles.length > 0 && { mentioned_mobile_list: mobiles }),
  };
}

/** Tells robots apart on disk without keeping their keys there. */
function senderName(key: string): string {
  return `wecom-robot ${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
}

async function post(
  message: object,
  { key, sender }: Robot,
  { settings, clock, window }: WecomRobotOptions,
): Promise<Outcome> {
  const url = `${settings.apiBase}/cgi-bin/webhook/send?key=${encodeURIComponent(key)}`;
  const reply = await callWecom(url, message, AbortSignal.timeout(WECOM_TIMEOUT));
  try {
    window.answered(sender);
  } catch {
    // A disk that refuses does not change what WeCom said.
  }
  return "failure" in reply ? reply.failure : classifyAnswer(reply.answer, clock.now());
}
