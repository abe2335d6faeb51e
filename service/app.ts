import express, { type ErrorRequestHandler, type Express, type Response } from "express";
import type { Logger } from "./logger.ts";

/**
 * An HTTP application with what every service answers alike: health, an unknown route, and errors as JSON.
 * @param addRoutes adds the service's own
 * @param answer answers the service's own errors; false leaves an error to the rest
 */
export function createServiceApp(
  addRoutes: (app: Express) => void,
  answer: (error: unknown, response: Response) => boolean,
  logger: Logger,
): Express {
  const app = express();
  app.disable("x-powered-by");
  // Nobody asks again whether these answers have changed.
  app.disable("etag");
  addRoutes(app);
  app.get(["/-/healthy", "/-/ready"], (_request, response) => {
    response.type("text").send("OK\n");
  });
  app.use((_request, response) => {
    response.status(404).json({ error: "no such route" });
  });
  // Express knows an error handler by its four parameters.
  const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
    if (answer(error, response)) return;
    const status = typeof error?.status === "number" && error.status < 500 ? error.status : 500;
    if (status === 500) logger.error({ err: error }, "request failed");
    // A 404 of express names a path of this machine.
    const message = { 404: "not found", 500: "internal error" }[status as number] ?? error.message;
    response.status(status).json({ error: message });
  };
  app.use(answerError);
  return app;
}
