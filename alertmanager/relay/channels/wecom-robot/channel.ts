import { createHash } from "node:crypto";
import type { Clock } from "../../../../service/clock.ts";
import type { Limit, Window } from "../../outbox/window.ts";
import type { Wording } from "../../wording.ts";
import type { Channel, Outcome } from "../channel.ts";
import { callWecom, WECOM_TIMEOUT } from "../wecom-call.ts";
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

/** A WeCom group robot, or several that share the load. */
export function wecomRobotChannel({ settings, wording, clock, window }: WecomRobotOptions): Channel<string> {
  return {
    name: "wecom",
    capacity: () => Number.POSITIVE_INFINITY,
    compose: (alerts) => renderAlerts(alerts, wording, MARKDOWN_LIMIT),
    composeDigest: ({ alerts }) => renderAlerts(alerts, wording, MARKDOWN_LIMIT),
    composeTest: () => renderTest(wording.time(clock.now())),
    async send(content) {
      let until = Number.POSITIVE_INFINITY;
      let refused: Outcome | undefined;
      for (const key of settings.keys) {
        const reservation = window.reserve(senderName(key), ROBOT_LIMIT);
        if (!reservation.granted) {
          until = Math.min(until, reservation.until);
          continue;
        }
        const outcome = await post(settings, key, content, clock);
        if (outcome.kind !== "failed" || outcome.reason !== "setup") return outcome;
        refused = outcome;
      }
      // A robot that was removed does not keep another from telling it, not even one that has to wait first.
      return refused !== undefined && until === Number.POSITIVE_INFINITY ? refused : { kind: "wait", until };
    },
  };
}

/** Tells robots apart on disk without keeping their keys there. */
function senderName(key: string): string {
  return `wecom-robot ${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
}

async function post(
  settings: WecomRobotSettings,
  key: string,
  content: string,
  clock: Clock,
): Promise<Outcome> {
  const url = `${settings.apiBase}/cgi-bin/webhook/send?key=${encodeURIComponent(key)}`;
  const message = { msgtype: "markdown", markdown: { content } };
  const reply = await callWecom(url, message, AbortSignal.timeout(WECOM_TIMEOUT));
  return "failure" in reply ? reply.failure : classifyAnswer(reply.answer, clock.now());
}
