import { randomUUID } from "node:crypto";
import { MonitoringError } from "./error.ts";
import type { WireEvent } from "./wire.ts";

/** What every event may say. */
export interface EventDetails {
  /** 1 to 128 characters; a second event with the same one counts once (for 24 hours). Default: a random one. */
  id?: string | undefined;
  /** When it happened, at most 48 hours ago: a Date, or RFC 3339. Default: now. */
  at?: Date | string | undefined;
}

export interface Message extends EventDetails {
  outcome: "ok" | "error";
  /** 0 to 86,400. */
  durationSeconds?: number | undefined;
}

export interface Satisfaction extends EventDetails {
  /** 1 to 5. */
  score: number;
}

/** The same as the exporter's, so that a mistake is told where it is made. */
const MAX_DURATION_SECONDS = 86_400;
const MAX_ID = 128;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/**
 * @param now milliseconds since the epoch
 * @throws {MonitoringError} naming the field and what is allowed
 */
export function createEvent(type: WireEvent["type"], details: unknown, now: number): WireEvent {
  if (typeof details !== "object" || details === null)
    throw invalid(type, "the argument", "must be an object");
  // Read once: an object may answer differently the second time.
  const { id, at, outcome, durationSeconds, score } = details as Record<string, unknown>;
  const common = { id: readId(type, id), at: readTime(type, at, now) };
  if (type === "message") {
    if (outcome !== "ok" && outcome !== "error") throw invalid(type, "outcome", 'must be "ok" or "error"');
    if (durationSeconds === undefined) return { type, outcome, ...common };
    if (!isWithin(durationSeconds, 0, MAX_DURATION_SECONDS))
      throw invalid(type, "durationSeconds", `must be a number of seconds, 0 to ${MAX_DURATION_SECONDS}`);
    return { type, outcome, duration_seconds: durationSeconds, ...common };
  }
  if (type === "satisfaction") {
    if (!isWithin(score, 1, 5)) throw invalid(type, "score", "must be a number, 1 to 5");
    return { type, score, ...common };
  }
  return { type, ...common };
}

function readId(type: string, id: unknown): string {
  if (id === undefined) return randomUUID();
  if (typeof id === "string" && id !== "" && id.length <= MAX_ID) return id;
  throw invalid(type, "id", `must be a text of 1 to ${MAX_ID} characters`);
}

function readTime(type: string, at: unknown, now: number): string {
  if (at === undefined) return new Date(now).toISOString();
  const time =
    at instanceof Date ? at : new Date(typeof at === "string" && RFC_3339.test(at) ? at : Number.NaN);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw invalid(type, "at", "must be a Date or an RFC 3339 time, such as 2026-02-12T21:46:44+08:00");
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && value >= least && value <= most;
}

/** Without the value: it may be anything, a customer's name included. */
function invalid(type: string, field: string, rule: string): MonitoringError {
  return new MonitoringError("invalid", `${type} not recorded: ${field} ${rule}`);
}
