import { z } from "zod";
import type { Alert } from "./alert.ts";

/** What was posted is not a webhook body; `problems` says where, the first of them. */
export class InvalidWebhookError extends Error {
  override readonly name = "InvalidWebhookError";
  readonly problems: Problem[];

  constructor(problems: Problem[]) {
    super("the body is not an Alertmanager webhook of version 4, nothing was stored");
    this.problems = problems;
  }
}

export interface Problem {
  field: string;
  reason: string;
}

/** 32 MiB hold ten million mistakes: to list them all would take more memory than there is. */
const MOST_PROBLEMS = 20;

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
/** JSON can hold half a character, of which no address can be made, nor UTF-8. */
const text = z.string().transform((value) => value.toWellFormed());
const texts = z.unknown().transform(toTexts);

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; unknown fields are ignored. */
const webhookSchema = z.object({
  version: z.literal("4"),
  alerts: z.custom<unknown[]>(Array.isArray, "must be a list"),
});
const alertSchema = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: texts,
  annotations: texts.prefault({}),
  startsAt: time,
  endsAt: time,
  generatorURL: text.default(""),
  fingerprint: text.pipe(z.string().min(1)),
});

/** @throws {InvalidWebhookError} */
export function parseWebhook(body: unknown): Alert[] {
  const problems: Problem[] = [];
  const alerts = parseAs(webhookSchema, body, "", problems)?.alerts ?? [];
  const parsed: Alert[] = [];
  for (const [index, alert] of alerts.entries()) {
    const data = parseAs(alertSchema, alert, `alerts.${index}.`, problems);
    if (data !== undefined) parsed.push(toAlert(data));
    else if (problems.length >= MOST_PROBLEMS) break;
  }
  if (problems.length > 0) throw new InvalidWebhookError(problems.slice(0, MOST_PROBLEMS));
  return parsed;
}

/** @param problems is added to */
function parseAs<T>(schema: z.ZodType<T>, value: unknown, where: string, problems: Problem[]): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues)
    problems.push({ field: `${where}${path.map(String).join(".")}`, reason: message });
  return undefined;
}

function toAlert({ status, endsAt, generatorURL, ...alert }: z.infer<typeof alertSchema>): Alert {
  return {
    ...alert,
    status,
    // Of a firing alert it is the zero time, or when Alertmanager would give it up.
    endsAt: status === "resolved" ? endsAt : undefined,
    generatorUrl: generatorURL,
  };
}

/** Characters of a label or annotation that are kept: far more than any message holds, and never a disk full. */
const MOST_TEXT = 16_384;

function shorten(text: string): string {
  return text.slice(0, MOST_TEXT).toWellFormed();
}

/** Names the first mistake only: an object may hold a million. */
function toTexts(value: unknown, context: z.RefinementCtx): Record<string, string> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = isObject ? Object.entries(value) : [];
  const wrong = entries.find(([, text]) => typeof text !== "string");
  if (isObject && wrong === undefined)
    return Object.fromEntries(entries.map(([name, text]) => [shorten(name), shorten(text)]));
  context.addIssue({
    code: "custom",
    path: wrong ? [wrong[0]] : [],
    message: wrong ? "must be a text" : "must be an object of texts",
  });
  return z.NEVER;
}
