import { z } from "zod";

/** How far an event's `at` may lie from now, in milliseconds. */
const AT_PAST = 48 * 3600_000;
const AT_FUTURE = 5 * 60_000;
/** Enough to find the mistake; a batch with more of them is answered with these. */
const MAX_PROBLEMS = 1000;
/** Characters of a field's name and of a reason: a key may be as long as the body. */
const MAX_TEXT = 200;
/** A longer duration is a mistake in the unit (milliseconds for seconds). */
const MAX_DURATION_SECONDS = 86_400;

const common = {
  id: z
    .string()
    .min(1)
    .max(128)
    // Half a character is stored as U+FFFD, and any two halves would be one id.
    .refine((id) => id.isWellFormed(), "must be well-formed Unicode")
    .optional(),
  at: z.iso
    .datetime({ offset: true, error: "must be an RFC 3339 time, such as 2026-02-12T21:46:44+08:00" })
    .transform((text) => Date.parse(text))
    .optional(),
};

const eventSchema = z.discriminatedUnion(
  "type",
  [
    z.strictObject({
      type: z.literal("message"),
      outcome: z.enum(["ok", "error"]),
      duration_seconds: z.number().min(0).max(MAX_DURATION_SECONDS).optional(),
      ...common,
    }),
    z.strictObject({ type: z.literal("consultation"), ...common }),
    z.strictObject({ type: z.literal("case"), ...common }),
    z.strictObject({ type: z.literal("satisfaction"), score: z.number().min(1).max(5), ...common }),
  ],
  { error: 'must be "message", "consultation", "case" or "satisfaction"' },
);

/** Something that happened at the legal desk. `at` is in milliseconds since the epoch. */
export type Event = z.output<typeof eventSchema>;

/** One thing wrong with one event of a batch. */
export interface EventProblem {
  /** Its place in the batch, from 0. */
  index: number;
  /** The field, or "" for the event as a whole. */
  field: string;
  reason: string;
}

/** A body of POST /events was refused: nothing of it was counted. */
export class InvalidEventsError extends Error {
  override readonly name = "InvalidEventsError";
  readonly problems: EventProblem[];

  constructor(message: string, problems: EventProblem[] = []) {
    super(message);
    this.problems = problems;
  }
}

/**
 * Reads a body of POST /events: one JSON object, an array, or NDJSON.
 * @param now milliseconds since the epoch, to check `at` against
 * @throws {InvalidEventsError} naming every bad event
 */
export function parseEvents(body: Uint8Array, contentType: string, now: number): Event[] {
  const values = parseBody(decode(body), contentType);
  const problems: EventProblem[] = [];
  const events: Event[] = [];
  let index = -1;
  for (const value of values) {
    if (problems.length >= MAX_PROBLEMS) break;
    index += 1;
    const result = value instanceof SyntaxError ? notJson(value) : eventSchema.safeParse(value);
    if (!result.success) problems.push(...result.error.issues.map((issue) => toProblem(index, issue)));
    else if (!isNear(result.data.at, now)) {
      problems.push({ index, field: "at", reason: "must be at most 48 h back and 5 min ahead" });
    } else events.push(result.data);
  }
  if (problems.length > 0) throw new InvalidEventsError("invalid events, none was counted", problems);
  return events;
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new InvalidEventsError("the body must be UTF-8");
  }
}

/** NDJSON is read line by line, as far as it is asked for: a batch of 8 MiB may be half a million events. */
function parseBody(text: string, contentType: string): Iterable<unknown> {
  if (!/ndjson|jsonl/i.test(contentType)) {
    const whole = parseJson(text);
    if (Array.isArray(whole)) return whole;
    if (!(whole instanceof SyntaxError)) return [whole];
  }
  if (text.trim() === "") {
    throw new InvalidEventsError("the body is empty: send one JSON object, an array, or NDJSON");
  }
  return parseLines(text);
}

function* parseLines(text: string): Generator<unknown> {
  for (let begin = 0; begin < text.length; ) {
    const newline = text.indexOf("\n", begin);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(begin, end);
    if (line.trim() !== "") yield parseJson(line);
    begin = end + 1;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

function notJson(error: SyntaxError) {
  return {
    success: false as const,
    error: { issues: [{ path: [], message: `is not JSON: ${error.message}` }] },
  };
}

function toProblem(
  index: number,
  { path, keys, message }: { path: PropertyKey[]; keys?: string[]; message: string },
): EventProblem {
  const field = [...path.map(String), ...(keys ? [keys.join(", ")] : [])].join(".");
  return { index, field: field.slice(0, MAX_TEXT), reason: message.slice(0, MAX_TEXT) };
}

function isNear(at: number | undefined, now: number): boolean {
  return at === undefined || (at >= now - AT_PAST && at <= now + AT_FUTURE);
}
