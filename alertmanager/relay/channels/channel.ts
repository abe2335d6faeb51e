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
  /** Taken by the channel; `undelivered` names those of its receivers that it will not reach. */
  | { kind: "sent"; undelivered?: string }
  /** Worth another try, not before `until` (milliseconds since the epoch) and at most `tries` times where given. */
  | { kind: "retry"; reason: FailureReason; detail: string; until?: number; tries?: number }
  /** The sender's limit is used up until then; nothing was sent. */
  | { kind: "wait"; until: number }
  /** Trying again would not help. */
  | { kind: "failed"; reason: FailureReason; detail: string };

/** A message, and how many of the alerts, from the first, it tells of by name. */
export interface Message<Content> {
  content: Content;
  covers: number;
}

/** More than can be told one by one: a line each, in the order in which they are to be named. */
export interface Digest {
  alerts: Alert[];
  /** No message follows soon: what does not fit by name is counted in it, in lines that say how many of what. */
  countsRest: boolean;
}

/** A way to tell people. */
export interface Channel<Content = unknown> {
  /** As in the metrics and the history. */
  readonly name: string;
  /** How many messages it could take at once. */
  capacity(): number;
  /** One message with as many of the alerts as it bears, each in full, at least one. */
  compose(alerts: Alert[]): Message<Content>;
  /** One message with a line for as many as it bears, at least one. */
  composeDigest(digest: Digest): Message<Content>;
  /** A message that says that it is a test. */
  composeTest(): Content;
  /** Sends the test message through each of several senders; absent where there is only one way. */
  testAll?(): Promise<{ sender: string; outcome: Outcome }[]>;
  /** Tries once. Never throws; classifies its failure. */
  send(content: Content): Promise<Outcome>;
}
