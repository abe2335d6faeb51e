import type { Alert } from "../alert.ts";

/** Why a message was not delivered: a closed set, the `reason` label of the metrics. */
export const FAILURE_REASONS = [
  "network",
  "timeout",
  "server",
  "busy",
  "rate_limited",
  "content",
  "setup",
  "receiver",
  "unknown",
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What became of an attempt. `detail` is for people and holds no secret. */
export type Outcome =
  | { kind: "sent" }
  /** Worth another try, not before `until` (milliseconds since the epoch) and at most `tries` times where given. */
  | { kind: "retry"; reason: FailureReason; detail: string; until?: number; tries?: number }
  /** The sender's limit is used up until then; nothing was sent. */
  | { kind: "wait"; until: number }
  /** Trying again would not help. */
  | { kind: "failed"; reason: FailureReason; detail: string };

/** A message, and how many of the alerts, from the first, it tells of. */
export interface Message<Content> {
  content: Content;
  covers: number;
}

/** A way to tell people. */
export interface Channel<Content = unknown> {
  /** As in `alert_notification_channels`, the metrics and the history. */
  readonly name: string;
  /** One message with as many of the alerts as it bears, at least one. */
  compose(alerts: Alert[]): Message<Content>;
  /** A message that says that it is a test. */
  composeTest(): Content;
  /** Tries once. Never throws; classifies its failure. */
  send(content: Content): Promise<Outcome>;
}
