import { createHash } from "node:crypto";
import type { Clock } from "../../../../service/clock.ts";
import type { Limit, Window } from "../../outbox/window.ts";
import type { Wording } from "../../wording.ts";
import type { Channel, Outcome } from "../channel.ts";
import { callWecom, WECOM_TIMEOUT } from "../wecom-call.ts";
import { renderDigest } from "../wecom-digest.ts";
import { classifyAnswer, wantsNewToken } from "../wecom-errors.ts";
import { renderAlerts, renderTest } from "../wecom-markdown.ts";
import { createRepeats } from "./repeats.ts";
import type { WecomAppSettings } from "./settings.ts";
import { createTokenSource } from "./token.ts";
import { readUndelivered } from "./undelivered.ts";

/** Bytes of UTF-8 (https://developer.work.weixin.qq.com/document/path/90236). */
const APP_MARKDOWN_LIMIT = 2048;
/**
 * Each member gets 30 messages a minute and 1000 an hour, the excess is dropped without a word
 * (https://developer.work.weixin.qq.com/document/path/90312): 16 in any minute keeps both.
 */
const APP_LIMIT: Limit = { messages: 16, span: 60_000 };

export interface WecomAppOptions {
  settings: WecomAppSettings;
  wording: Wording;
  clock: Clock;
  window: Window;
}

/** A WeCom application: messages to members themselves, outside of any group. */
export function wecomAppChannel({ settings, wording, clock, window }: WecomAppOptions): Channel<string> {
  const sender = senderName(settings);
  const tokens = createTokenSource(settings, clock);
  const repeats = createRepeats(clock);

  /** Sends with the token there is. */
  async function post(content: string, signal: AbortSignal, isSecond = false): Promise<Outcome> {
    const held = await tokens.get(signal);
    if ("failure" in held) return held.failure;
    const message = { ...envelope(settings, content), ...repeats.check(content) };
    const url = `${settings.apiBase}/cgi-bin/message/send?access_token=${encodeURIComponent(held.token)}`;
    const reply = await callWecom(url, message, signal);
    if ("failure" in reply) return reply.failure;
    const outcome = classifyAnswer(reply.answer, clock.now());
    if (outcome.kind === "sent") {
      repeats.remember(content);
      return { ...outcome, ...readUndelivered(reply.answer) };
    }
    if (!wantsNewToken(reply.answer.errcode) || outcome.kind !== "retry") return outcome;
    if (isSecond) return { kind: "failed", reason: outcome.reason, detail: outcome.detail };
    const renewable = tokens.drop(held.token);
    return renewable <= clock.now() ? post(content, signal, true) : { ...outcome, until: renewable };
  }

  return {
    name: "wecom_app",
    capacity: () => window.room(sender, APP_LIMIT),
    compose: (alerts) => renderAlerts(alerts, wording, APP_MARKDOWN_LIMIT),
    composeDigest: (digest) => renderDigest(digest, wording, APP_MARKDOWN_LIMIT),
    composeTest: () => renderTest(wording.time(clock.now())),
    async send(content) {
      const reservation = window.reserve(sender, APP_LIMIT);
      if (!reservation.granted) return { kind: "wait", until: reservation.until };
      const outcome = await post(content, AbortSignal.timeout(WECOM_TIMEOUT));
      window.answered(sender);
      return outcome;
    },
  };
}

/** Tells applications apart on disk. */
function senderName({ corpId, agentId }: WecomAppSettings): string {
  const hash = createHash("sha256").update(`${corpId} ${agentId}`).digest("hex");
  return `wecom-app ${hash.slice(0, 16)}`;
}

function envelope({ toUser, agentId }: WecomAppSettings, content: string): object {
  return { touser: toUser, msgtype: "markdown", agentid: agentId, markdown: { content } };
}
