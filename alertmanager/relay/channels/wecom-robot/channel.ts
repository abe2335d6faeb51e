import type { Clock } from "../../../../service/clock.ts";
import { type Alert, isCritical } from "../../alert.ts";
import type { Window } from "../../outbox/window.ts";
import type { Wording } from "../../wording.ts";
import type { Channel, Message, Outcome } from "../channel.ts";
import { callWecom, WECOM_TIMEOUT } from "../wecom-call.ts";
import { renderDigest } from "../wecom-digest.ts";
import { classifyAnswer } from "../wecom-errors.ts";
import { renderAlerts, renderTest } from "../wecom-markdown.ts";
import { createRobots, ROBOT_LIMIT, type Robot } from "./robots.ts";
import type { WecomRobotSettings } from "./settings.ts";

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

/** A WeCom group robot, or several that share the load. */
export function wecomRobotChannel(options: WecomRobotOptions): Channel<RobotMessage> {
  const { settings, wording, clock, window } = options;
  const robots = createRobots(options);
  const composeTest = () => ({ markdown: renderTest(wording.time(clock.now())), calls: false });
  const limit = MARKDOWN_LIMIT - Buffer.byteLength(callInline(settings.mention));
  /** Each robot by its place in WECOM_ROBOT_KEY: one that was removed shows, though another tells. */
  async function testAll() {
    return Promise.all(
      robots.all.map(async (robot, index) => {
        const reservation = window.reserve(robot.sender, ROBOT_LIMIT);
        const outcome: Outcome = reservation.granted
          ? await send(composeTest(), robot, options)
          : { kind: "wait", until: reservation.until };
        return { sender: `机器人 ${index + 1}`, outcome };
      }),
    );
  }

  return {
    ...(robots.all.length > 1 && { testAll }),
    name: "wecom",
    capacity: robots.capacity,
    compose: (alerts) => callingFor(alerts, renderAlerts(alerts, wording, limit)),
    composeDigest: (digest) => callingFor(digest.alerts, renderDigest(digest, wording, limit)),
    composeTest,
    async send(message) {
      let until = Number.POSITIVE_INFINITY;
      let refused: Outcome | undefined;
      for (const robot of robots.inOrder()) {
        const reservation = robots.reserve(robot);
        if (!reservation.granted) {
          until = Math.min(until, reservation.until);
          continue;
        }
        const outcome = await send(message, robot, options);
        if (!robots.note(robot, outcome)) return outcome;
        refused = outcome;
      }
      // A robot that was removed, or is used up, does not keep another from telling it, if it has to wait first.
      return refused === undefined || until < Number.POSITIVE_INFINITY
        ? { kind: "wait", until: earliest(until, refused) }
        : refused;
    },
  };
}

function earliest(until: number, refused: Outcome | undefined): number {
  return refused?.kind === "retry" && refused.until !== undefined ? Math.min(until, refused.until) : until;
}

function callingFor(alerts: Alert[], { content, covers }: Message<string>): Message<RobotMessage> {
  const told = alerts.slice(0, covers);
  const calls = told.some((alert) => alert.status === "firing" && isCritical(alert));
  return { content: { markdown: content, calls }, covers };
}

/** Users are called in the message itself; everybody, and telephone numbers, only by a text beside it. */
function callInline({ users }: WecomRobotSettings["mention"]): string {
  return users.length > 0 ? `\n${users.map((user) => `<@${user}>`).join("")}` : "";
}

async function send(message: RobotMessage, robot: Robot, options: WecomRobotOptions): Promise<Outcome> {
  const { mention } = options.settings;
  const content = message.calls ? message.markdown + callInline(mention) : message.markdown;
  const outcome = await post({ msgtype: "markdown", markdown: { content } }, robot, options);
  const isForText = mention.everybody || mention.mobiles.length > 0;
  return outcome.kind === "sent" && message.calls && isForText ? callBeside(robot, options) : outcome;
}

/** Milliseconds in which people are called once, however many critical alerts there are. */
const CALLED_FOR = 60_000;

/** What was told stays told if the call fails; that nobody was called is said. */
async function callBeside(robot: Robot, options: WecomRobotOptions): Promise<Outcome> {
  const { settings, clock, window } = options;
  const since = clock.now() - robot.calledAt;
  if (since >= 0 && since < CALLED_FOR) return { kind: "sent" };
  const outcome: Outcome = window.reserve(robot.sender, ROBOT_LIMIT).granted
    ? await post({ msgtype: "text", text: callText(settings.mention) }, robot, options)
    : { kind: "failed", reason: "rate_limited", detail: "这一分钟的条数用完了" };
  if (outcome.kind !== "sent") {
    return { kind: "sent", undelivered: `没有 @ 到人：${"detail" in outcome ? outcome.detail : ""}` };
  }
  robot.calledAt = clock.now();
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
