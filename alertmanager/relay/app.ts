import express, { type Express, type Request, type Response } from "express";
import { z } from "zod";
import { createServiceApp } from "../../service/app.ts";
import { guardWrites } from "../../service/guard.ts";
import type { Logger } from "../../service/logger.ts";
import type { Alert } from "./alert.ts";
import type { Channel } from "./channels/channel.ts";
import type { ChannelsReport } from "./channels-report.ts";
import type { RelayMetrics } from "./metrics.ts";
import type { AlertQuery, AlertRecord, NotificationQuery, NotificationRecord } from "./outbox/history.ts";
import { InvalidWebhookError, parseWebhook } from "./webhook.ts";

export interface AppParts {
  token: string | undefined;
  channels: Channel[];
  metrics: RelayMetrics;
  /** Stores and queues. @throws when the disk refuses */
  accept: (alerts: Alert[]) => void;
  /** @param at when Prometheus said so, milliseconds since the epoch; undefined where that is not known */
  watchdogHeard: (at: number | undefined) => void;
  readAlerts: (query: AlertQuery) => AlertRecord[];
  readNotifications: (query: NotificationQuery) => NotificationRecord[];
  readChannels: () => ChannelsReport;
  logger: Logger;
}

const BODY_LIMIT = "32mb";

const time = z.iso
  .datetime({ offset: true, error: "must be an RFC 3339 time, such as 2026-02-12T21:46:44+08:00" })
  .transform((text) => Date.parse(text));
const limit = z.coerce.number({ error: "must be a number, 1 to 1000" }).int().min(1).max(1000).default(100);

const alertsQuery = z.object({
  since: time.optional(),
  until: time.optional(),
  status: z.enum(["firing", "resolved"]).optional(),
  limit,
});
const notificationsQuery = z.object({
  channel: z.string().optional(),
  state: z.enum(["pending", "sent", "failed"]).optional(),
  limit,
});

/** Every route of the relay. */
export function createApp(parts: AppParts): Express {
  const addRoutes = (app: Express) => {
    addWebhooks(app, parts);
    addApi(app, parts);
    app.get("/metrics", async (_request, response) => {
      response.setHeader("Content-Type", parts.metrics.registry.contentType);
      response.end(await parts.metrics.registry.metrics());
    });
  };
  return createServiceApp(addRoutes, answerError, parts.logger);
}

function addWebhooks(app: Express, { token, accept, watchdogHeard, metrics, logger }: AppParts): void {
  // JSON is UTF-8 whatever its headers say (RFC 8259): an alert is not lost over a charset.
  const body = express.raw({ type: () => true, limit: BODY_LIMIT });
  app.post("/alerts", guardWrites(token), body, (request, response) => {
    const alerts = parseWebhook(readJson(request.body));
    try {
      accept(alerts);
    } catch (error) {
      logger.error({ err: error }, "cannot store alerts");
      response.status(503).json({ error: "alerts cannot be stored at the moment" });
      return;
    }
    metrics.received(alerts.length);
    response.json({ accepted: alerts.length });
  });
  app.post("/watchdog", guardWrites(token), body, (request, response) => {
    // Its end is what Alertmanager says when Prometheus no longer does.
    const heard = parseWebhook(readJson(request.body)).find(({ status }) => status === "firing");
    if (heard) watchdogHeard(evaluatedAt(heard));
    response.json({ heard: heard !== undefined });
  });
}

/** @param body undefined where there is none. @throws {InvalidWebhookError} */
function readJson(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new InvalidWebhookError([{ field: "", reason: "must be JSON" }]);
  }
}

/** When Prometheus evaluated the rule: Alertmanager repeats an alert for minutes after Prometheus has died. */
function evaluatedAt({ annotations }: Alert): number | undefined {
  const seconds = Number(annotations.evaluated_at);
  return seconds > 0 ? seconds * 1000 : undefined;
}

function addApi(
  app: Express,
  { token, channels, readAlerts, readNotifications, readChannels }: AppParts,
): void {
  app.get("/api/channels", (_request, response) => {
    response.json(readChannels());
  });
  app.get("/api/alerts", (request, response) => {
    const { since, until, status, limit } = alertsQuery.parse(given(request.query));
    response.json({ alerts: readAlerts({ since, until, status, limit }) });
  });
  app.get("/api/notifications", (request, response) => {
    const { channel, state, limit } = notificationsQuery.parse(given(request.query));
    response.json({ notifications: readNotifications({ channel, state, limit }) });
  });
  app.post("/api/test", guardWrites(token), async (_request, response) => {
    const results = await Promise.all(channels.map(testChannel));
    response.json({ results: results.flat() });
  });
}

/** What became of the test message, one result for each way that a channel has. */
async function testChannel(channel: Channel): Promise<object[]> {
  const sent = (await channel.testAll?.()) ?? [{ outcome: await channel.send(channel.composeTest()) }];
  return sent.map(({ outcome: { kind, ...rest }, ...sender }) => ({
    channel: channel.name,
    ...sender,
    outcome: kind,
    ...rest,
    ...("until" in rest && rest.until !== undefined && { until: new Date(rest.until).toISOString() }),
  }));
}

/** A parameter without a value is as good as absent. */
function given(query: Request["query"]): object {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
}

function answerError(error: unknown, response: Response): boolean {
  if (error instanceof InvalidWebhookError) {
    response.status(400).json({ error: error.message, problems: error.problems });
  } else if (error instanceof z.ZodError) {
    const problems = error.issues.map(({ path, message }) => ({
      parameter: path.join("."),
      reason: message,
    }));
    response.status(400).json({ error: "invalid query", problems });
  } else if ((error as { status?: unknown })?.status === 415) {
    // A Content-Encoding that nobody knows: no webhook body either.
    response.status(400).json({ error: (error as Error).message });
  } else return false;
  return true;
}
