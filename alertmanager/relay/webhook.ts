import { z } from "zod";
import type { Alert } from "./alert.ts";

/** What was posted is not a webhook body; `problems` says where. */
export class InvalidWebhookError extends Error {
  override readonly name = "InvalidWebhookError";
  readonly problems: { field: string; reason: string }[];

  constructor(problems: { field: string; reason: string }[]) {
    super("the body is not an Alertmanager webhook of version 4, nothing was stored");
    this.problems = problems;
  }
}

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
/** JSON can hold half a character, of which no address can be made, nor UTF-8. */
const text = z.string().transform((value) => value.toWellFormed());
const texts = z.record(text, text);

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; unknown fields are ignored. */
const webhookSchema = z.object({
  version: z.literal("4"),
  alerts: z.array(
    z.object({
      status: z.enum(["firing", "resolved"]),
      labels: texts,
      annotations: texts.default({}),
      startsAt: time,
      endsAt: time,
      generatorURL: text.default(""),
      fingerprint: text.pipe(z.string().min(1)),
    }),
  ),
});

/** @throws {InvalidWebhookError} */
export function parseWebhook(body: unknown): Alert[] {
  const result = webhookSchema.safeParse(body);
  if (!result.success) {
    throw new InvalidWebhookError(
      result.error.issues.map(({ path, message }) => ({
        field: path.map(String).join("."),
        reason: message,
      })),
    );
  }
  return result.data.alerts.map(({ status, endsAt, generatorURL, ...alert }) => ({
    ...alert,
    status,
    // Of a firing alert it is the zero time, or when Alertmanager would give it up.
    endsAt: status === "resolved" ? endsAt : undefined,
    generatorUrl: generatorURL,
  }));
}
