import type { Outcome } from "./channels/channel.ts";
import type { DeliveryOptions } from "./delivery.ts";
import { type Pending, type Settlement, settle } from "./outbox/queue.ts";
import type { Plan } from "./plan.ts";

/** Milliseconds between attempts: doubled each time, up to the longest. */
const FIRST_RETRY = 1000;
const LONGEST_RETRY = 60_000;

/** Notes what became of a message in the outbox, the metrics and the log. @throws when the disk refuses */
export type Settle = (plan: Plan, leaseUntil: number, outcome: Outcome) => Settlement;

export function createSettling({
  database,
  channel: { name: channel },
  metrics,
  clock,
  logger,
}: DeliveryOptions): Settle {
  /** How often in a row the channel has given the same reason: what may be tried three times may fail before for others. */
  let streak = { reason: "", tries: 0 };
  return (plan, leaseUntil, outcome) => {
    const now = clock.now();
    const told = [...plan.named, ...plan.counted];
    const reason = outcome.kind === "retry" ? outcome.reason : "";
    const tries = 1 + (reason === streak.reason ? streak.tries : 0);
    const settlement = settlementOf(told, outcome, tries, now);
    if (settlement.state === "sent") {
      const detail = ["只计入数目，没有逐条列出", settlement.detail].filter(Boolean).join("；");
      settle(database, plan.counted, leaseUntil, { ...settlement, detail });
    }
    settle(database, settlement.state === "sent" ? plan.named : told, leaseUntil, settlement);
    streak = settlement.state === "failed" ? { reason: "", tries: 0 } : { reason, tries };
    switch (settlement.state) {
      case "sent":
        metrics.sent(channel, told, now);
        logger.info({ channel, alerts: told.length }, "sent");
        if (settlement.detail === undefined) break;
        metrics.undelivered(channel, told);
        logger.error({ channel, detail: settlement.detail }, "not all of the receivers are reached");
        break;
      case "failed": {
        const { reason, detail } = settlement;
        metrics.failed(channel, settlement.reason, told);
        logger.error({ channel, reason, detail }, "failed for good");
        break;
      }
      case "pending": {
        if (!settlement.isAttempt) break;
        const { reason, detail } = settlement;
        metrics.retried(channel, told);
        logger.warn({ channel, reason, detail }, "will try again");
      }
    }
    return settlement;
  };
}

/** @param tries how often in a row it has ended like this */
function settlementOf(told: Pending[], outcome: Outcome, tries: number, now: number): Settlement {
  switch (outcome.kind) {
    case "sent":
      if (outcome.undelivered === undefined) return { state: "sent", at: now };
      return { state: "sent", at: now, reason: "receiver", detail: outcome.undelivered };
    case "wait": {
      const known = { reason: "rate_limited", detail: "等待渠道的发送限额", isAttempt: false } as const;
      return { state: "pending", until: outcome.until, ...known };
    }
    case "failed":
      return { state: "failed", at: now, reason: outcome.reason, detail: outcome.detail };
    case "retry": {
      const { reason, detail, until = 0, tries: most } = outcome;
      const attempts = told.reduce((sum, pending) => Math.max(sum, pending.attempts), 0) + 1;
      if (most !== undefined && tries >= most) return { state: "failed", at: now, reason, detail };
      const backoff = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(attempts - 1, 10));
      return { state: "pending", until: Math.max(until, now + backoff), reason, detail, isAttempt: true };
    }
  }
}
