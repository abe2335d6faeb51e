import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../../../service/clock.ts";
import type { Limit, Reservation } from "../../outbox/window.ts";
import type { Wording } from "../../wording.ts";
import type { Channel, Outcome } from "../channel.ts";
import { classifyAnswer } from "../wecom-errors.ts";
import { renderAlerts, renderTest } from "./render.ts";
import type { WecomRobotSettings } from "./settings.ts";

/** A robot's limit (https://developer.work.weixin.qq.com/document/path/91770). */
const ROBOT_LIMIT: Limit = { messages: 20, span: 60_000 };
/** Milliseconds. */
const TIMEOUT = 10_000;

const answerSchema = z.object({ errcode: z.number(), errmsg: z.string().default("") });

export interface WecomRobotOptions {
  settings: WecomRobotSettings;
  wording: Wording;
  clock: Clock;
  reserve: (sender: string, limit: Limit) => Reservation;
}

/** A WeCom group robot, or several that share the load. */
export function wecomRobotChannel({ settings, wording, clock, reserve }: WecomRobotOptions): Channel<string> {
  return {
    name: "wecom",
    compose: (alerts) => renderAlerts(alerts, wording),
    composeTest: () => renderTest(wording.time(clock.now())),
    async send(content) {
      let until = Number.POSITIVE_INFINITY;
      let refused: Outcome | undefined;
      for (const key of settings.keys) {
        const reservation = reserve(senderName(key), ROBOT_LIMIT);
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
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(`${settings.apiBase}/cgi-bin/webhook/send?key=${encodeURIComponent(key)}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ msgtype: "markdown", markdown: { content } }),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    body = await response.json();
  } catch (error) {
    return connectionFailure(error);
  }
  if (response.status >= 500) return { kind: "retry", reason: "server", detail: `HTTP ${response.status}` };
  const answer = answerSchema.safeParse(body);
  if (answer.success) return classifyAnswer(answer.data, clock.now());
  return { kind: "retry", reason: "server", detail: `HTTP ${response.status}，应答不是企业微信的格式` };
}

/** The address holds the key, so the error's own words are not passed on, only its code. */
function connectionFailure(error: unknown): Outcome {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return { kind: "retry", reason: "timeout", detail: `企业微信 ${TIMEOUT / 1000} 秒内没有应答` };
  }
  if (error instanceof SyntaxError) {
    return { kind: "retry", reason: "server", detail: "企业微信的应答不是 JSON" };
  }
  const code = (error as { cause?: { code?: unknown } }).cause?.code ?? "未知错误";
  return { kind: "retry", reason: "network", detail: `无法连接企业微信（${code}）` };
}
