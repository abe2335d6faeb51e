import { z } from "zod";
import type { Clock } from "../../../../service/clock.ts";
import type { Outcome } from "../channel.ts";
import { callWecom } from "../wecom-call.ts";
import { classifyAnswer } from "../wecom-errors.ts";
import type { WecomAppSettings } from "./settings.ts";

/** Of its lifetime; the rest is the margin for a message that is just under way. */
const USED_SHARE = 0.95;
/** Milliseconds: repeated wrong secrets ban the address for an hour. */
const AFTER_REFUSAL = 10 * 60_000;
/** Milliseconds between two tokens that WeCom wanted before their time: frequent asking is blocked. */
const RENEW_EVERY = 60_000;

/** An application's right to send, as WeCom gave it out; or why there is none. */
export type TokenResult = { token: string } | { failure: Outcome };

export interface TokenSource {
  /** The current one, fetched when there is none. @param signal ends the attempt */
  get(signal: AbortSignal): Promise<TokenResult>;
  /** Forgets a token that WeCom no longer takes. @returns when another may be had, in milliseconds since the epoch */
  drop(token: string): number;
}

const grantSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** Keeps one token, fetches one at a time (https://developer.work.weixin.qq.com/document/path/91039). */
export function createTokenSource(settings: WecomAppSettings, clock: Clock): TokenSource {
  let current: { token: string; since: number; lifetime: number } | undefined;
  let refused: { failure: Outcome; since: number } | undefined;
  let fetching: Promise<TokenResult> | undefined;
  let renewed = Number.NEGATIVE_INFINITY;

  async function fetchToken(signal: AbortSignal): Promise<TokenResult> {
    const { apiBase, corpId, secret } = settings;
    const query = new URLSearchParams({ corpid: corpId, corpsecret: secret });
    const reply = await callWecom(`${apiBase}/cgi-bin/gettoken?${query}`, undefined, signal);
    if ("failure" in reply) return reply;
    const now = clock.now();
    const outcome = classifyAnswer(reply.answer, now);
    if (outcome.kind === "failed" && outcome.reason === "setup") {
      refused = { failure: outcome, since: now };
    }
    if (outcome.kind !== "sent") return { failure: outcome };
    const grant = grantSchema.safeParse(reply.answer);
    if (!grant.success) {
      return { failure: { kind: "retry", reason: "server", detail: "企业微信没有给出 access_token" } };
    }
    const { access_token: token, expires_in: seconds } = grant.data;
    current = { token, since: now, lifetime: seconds * 1000 * USED_SHARE };
    return { token };
  }

  return {
    async get(signal) {
      const now = clock.now();
      if (current && isWithin(current.lifetime, current.since, now)) return { token: current.token };
      if (refused && isWithin(AFTER_REFUSAL, refused.since, now)) return { failure: refused.failure };
      fetching ??= fetchToken(signal).finally(() => {
        fetching = undefined;
      });
      return fetching;
    },
    drop(token) {
      const now = clock.now();
      // Another attempt may have renewed it meanwhile.
      if (current?.token !== token) return now;
      if (isWithin(RENEW_EVERY, renewed, now)) return renewed + RENEW_EVERY;
      renewed = now;
      current = undefined;
      return now;
    },
  };
}

/** A clock that was set back must not make a wait longer. */
function isWithin(span: number, since: number, now: number): boolean {
  return now >= since && now < since + span;
}
