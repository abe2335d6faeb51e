import { createHash, timingSafeEqual } from "node:crypto";
import type { NextFunction, Request, Response } from "express";
import { isLoopback } from "./http.ts";

/**
 * Lets a write through.
 *
 * With a token: only with `Authorization: Bearer <token>` (RFC 6750). Without one the service listens on loopback
 * only, and what is left to fear is a page open in a browser on this machine: its requests name their origin.
 */
export function guardWrites(token: string | undefined) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (token === undefined) {
      if (isForeignOrigin(request))
        response.status(403).json({ error: "requests from another origin are refused" });
      else next();
    } else if (hasToken(request, token)) {
      next();
    } else {
      response.set("WWW-Authenticate", 'Bearer realm="monitoring"');
      response.status(401).json({ error: "Authorization: Bearer <token> is required" });
    }
  };
}

function hasToken(request: Request, token: string): boolean {
  const [scheme = "", given = ""] = (request.get("authorization") ?? "").split(/ +(.*)/s);
  return scheme.toLowerCase() === "bearer" && timingSafeEqual(digest(given), digest(token));
}

/** Of one length whatever was given, as the comparison needs. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** A name that is not this machine's own was rebound to it: Origin and Host then agree, and mean nothing. */
function isForeignOrigin(request: Request): boolean {
  const host = URL.parse(`http://${request.get("host")}`)?.hostname ?? "";
  if (!isLoopback(host.replaceAll(/[[\]]/g, ""))) return true;
  const origin = request.get("origin");
  if (origin !== undefined) return URL.parse(origin)?.host !== request.get("host");
  const site = request.get("sec-fetch-site") ?? "none";
  return site !== "none" && site !== "same-origin";
}
