import type { Express, Response } from "express";
import type { Registry } from "prom-client";
import { z } from "zod";
import type { MetricValue, MonitoringData } from "../client/wire.ts";
import type { Config } from "../config/config.ts";
import type { ServiceEnvironment } from "../config/environment.ts";
import { createServiceApp } from "../service/app.ts";
import type { Clock } from "../service/clock.ts";
import { guardWrites } from "../service/guard.ts";
import type { Logger } from "../service/logger.ts";
import { readAlerts } from "./api/alerts.ts";
import { readDashboard } from "./api/dashboard.ts";
import { takeEvents } from "./api/events.ts";
import { readStatus } from "./api/status.ts";
import { sendTestMessage } from "./api/test-message.ts";
import { UpstreamError } from "./api/upstream.ts";
import type { Collecting } from "./collecting.ts";
import { InvalidEventsError } from "./events/event.ts";
import { type EventJournal, StorageError } from "./events/journal.ts";
import { toOpenMetrics } from "./openmetrics.ts";
import { readOverview } from "./overview/overview.ts";
import { addAssets } from "./page/assets.ts";
import { sendDocument } from "./page/document.ts";
import { managementPage } from "./page/page.ts";
import { missingRunbookPage, readRunbooks, runbookPage } from "./page/runbooks.ts";

export interface AppParts {
  config: Config;
  environment: ServiceEnvironment;
  registry: Registry;
  collecting: Collecting;
  journal: EventJournal;
  clock: Clock;
  logger: Logger;
}

/** Seconds. */
const RETRY_AFTER = "10";
const RECENT_ALERTS = new URLSearchParams({ limit: "50" });

const dashboardQuery = z.object({
  duration: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(1).max(744)).default(24),
});

/** Every route of the exporter. */
export function createApp(parts: AppParts): Express {
  const addRoutes = (app: Express) => {
    // First: the routes are tried in order, and this one is asked most.
    app.post("/events", guardWrites(parts.environment.exporterToken), takeEvents(parts.journal));
    addMetrics(app, parts);
    addApi(app, parts);
    addControl(app, parts);
    addPages(app, parts);
    app.get("/-/ready", (_request, response, next) => {
      if (parts.journal.counts !== undefined) next();
      else response.status(503).json({ error: "the event totals cannot be read: see the log" });
    });
  };
  return createServiceApp(
    addRoutes,
    (error, response) => answerError(error, response, parts.logger),
    parts.logger,
  );
}

function addMetrics(app: Express, { registry }: AppParts): void {
  app.get("/metrics", async (request, response) => {
    const text = await registry.metrics();
    const open = /application\/openmetrics-text/.test(request.get("accept") ?? "");
    // Set by hand: express would reorder the parameters of the content type.
    response.setHeader(
      "Content-Type",
      open ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : registry.contentType,
    );
    response.end(open ? toOpenMetrics(text) : text);
  });
}

function addApi(app: Express, { config, collecting, clock, environment, registry, logger }: AppParts): void {
  const { relay, prometheus } = environment.urls;
  app.get("/api/status", (_request, response) => {
    response.json(readStatus(config, collecting, clock));
  });
  app.get("/api/monitoring", async (_request, response) => {
    const alerts = await readAlerts(relay, RECENT_ALERTS).catch((error: unknown) => {
      logger.warn({ err: error }, "alert history unknown");
      return null;
    });
    const data: MonitoringData = {
      status: readStatus(config, collecting, clock),
      metrics: await currentMetrics(registry),
      // null says that nobody knows: an empty list would say that there were none.
      alerts: alerts?.alerts ?? null,
    };
    response.json(data);
  });
  app.get("/api/alerts", async (request, response) => {
    response.json(
      await readAlerts(relay, URL.parse(request.url, "http://localhost")?.searchParams ?? RECENT_ALERTS),
    );
  });
  app.get("/api/dashboard", async (request, response) => {
    const query = dashboardQuery.safeParse(request.query);
    if (!query.success)
      response.status(400).json({ error: "duration must be a whole number of hours, 1 to 744" });
    else response.json(await readDashboard(prometheus, query.data.duration, clock.now()));
  });
}

function addControl(app: Express, { collecting, environment, logger }: AppParts): void {
  for (const action of ["start", "stop"] as const) {
    app.post(`/api/monitoring/${action}`, guardWrites(environment.exporterToken), (_request, response) => {
      collecting[action]();
      logger.info({ action }, "collecting");
      response.json({ monitoring_enabled: collecting.running });
    });
  }
  app.post("/api/test", guardWrites(environment.exporterToken), async (_request, response) => {
    response.json(await sendTestMessage(environment));
  });
}

function addPages(
  app: Express,
  { config: { timezone }, environment, registry, collecting, journal, clock }: AppParts,
): void {
  const { urls, publicUrls, exporterToken } = environment;
  const runbooks = readRunbooks();
  const sources = { urls, timezone, registry, collecting, journal, clock };
  app.get("/", async (_request, response) => {
    const overview = await readOverview(sources);
    const needsToken = exporterToken !== undefined;
    sendDocument(response, managementPage({ overview, urls: publicUrls, timezone, runbooks, needsToken }));
  });
  addAssets(app);
  // In a terminal as it is written, in a browser as a page.
  app.get("/runbooks/:alert", (request, response, next) => {
    const { alert } = request.params;
    const markdown = runbooks.get(alert);
    const isBrowser = request.accepts(["text", "html"]) === "html";
    response.vary("Accept");
    if (markdown === undefined) {
      if (isBrowser) sendDocument(response.status(404), missingRunbookPage(alert, runbooks));
      else next();
    } else if (isBrowser) sendDocument(response, runbookPage(markdown));
    else response.type("text").send(markdown);
  });
}

/** Every series' newest value, by the name it is exposed with. */
async function currentMetrics(registry: Registry): Promise<MonitoringData["metrics"]> {
  const metrics = await registry.getMetricsAsJSON();
  const series = metrics.flatMap(({ name, values }) =>
    // Of a histogram each value has a name of its own: _bucket, _sum, _count.
    (values as (MetricValue & { metricName?: string })[]).map((value) => ({ name, ...value })),
  );
  const byName = Object.groupBy(series, ({ metricName, name }) => metricName ?? name);
  return Object.fromEntries(
    Object.entries(byName).map(([name, values = []]) => [
      name,
      values.map(({ labels, value }) => ({ labels, value })),
    ]),
  );
}

function answerError(error: unknown, response: Response, logger: Logger): boolean {
  if (error instanceof InvalidEventsError) {
    response.status(400).json({ error: error.message, problems: error.problems });
  } else if (error instanceof StorageError) {
    logger.error({ err: error }, "cannot store events");
    response.status(503).set("Retry-After", RETRY_AFTER).json({ error: error.message });
  } else if (error instanceof UpstreamError) {
    // What the relay refuses is the caller's mistake: passed on as it is.
    if (error.refusal) response.status(error.refusal.status).json(error.refusal.answer);
    else response.status(502).json({ error: error.message });
  } else return false;
  return true;
}
