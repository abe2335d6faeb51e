import { severityRank } from "../../service/severity.ts";
import { type Alert, isCritical } from "./alert.ts";
import type { Channel } from "./channels/channel.ts";
import type { Pending } from "./outbox/queue.ts";

/** About how many alerts a message bears in full. */
const ALERTS_IN_FULL = 6;
/**
 * Messages of a minute that are kept for what is critical: merging stops naming the rest when only these are left, and
 * counts it; without anything critical they are not used.
 */
export const RESERVE = 4;

/** A message that is ready, and what it settles. */
export interface Plan {
  content: unknown;
  named: Pending[];
  /** Told as part of a number. */
  counted: Pending[];
}

/**
 * Whether more waits than the channel could tell message by message.
 * @param waiting how many notifications came with each webhook
 */
export function isCrowded(waiting: { count: number }[], channel: Channel): boolean {
  const needed = waiting.reduce((sum, { count }) => sum + Math.ceil(count / ALERTS_IN_FULL), 0);
  const capacity = channel.capacity();
  // With little room left what is critical goes first, together with what waits before it.
  return needed > Math.max(1, capacity) || (capacity <= RESERVE && waiting.length > 1);
}

/** One webhook's, each in full; what does not fit follows in the next message. */
export function planFull(pending: Pending[], channel: Channel): Plan {
  const ordered = inOrder(pending);
  const { content, covers } = channel.compose(ordered.map(({ alert }) => alert));
  return { content, named: ordered.slice(0, covers), counted: [] };
}

/** All that waits, a line each: critical first and always by name, the rest in numbers once the minute is used up. */
export function planDigest(pending: Pending[], channel: Channel): Plan {
  const ordered = inOrder(pending);
  const countsRest = channel.capacity() <= RESERVE + 1;
  const { content, covers } = channel.composeDigest({
    alerts: ordered.map(({ alert }) => alert),
    countsRest,
  });
  const rest = ordered.slice(covers);
  const counted = countsRest ? rest.filter(({ alert }) => !isCritical(alert)) : [];
  return { content, named: ordered.slice(0, covers), counted };
}

function inOrder(pending: Pending[]): Pending[] {
  return pending.toSorted(
    (a, b) =>
      rank(a.alert) - rank(b.alert) || byName(a.alert, b.alert) || a.alert.startsAt - b.alert.startsAt,
  );
}

/** By severity, and firing before resolved within each. */
function rank({ labels, status }: Alert): number {
  return 2 * severityRank(labels) + (status === "firing" ? 0 : 1);
}

function byName(a: Alert, b: Alert): number {
  const [left, right] = [a.labels.alertname ?? "", b.labels.alertname ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}
