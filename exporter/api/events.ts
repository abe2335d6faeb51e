import type { IncomingMessage } from "node:http";
import type { Request, Response } from "express";
import type { EventJournal } from "../events/journal.ts";

/** Bytes. */
const LIMIT = 8 * 1024 * 1024;

/** A body that cannot be taken; answered with its status. */
class BodyError extends Error {
  override readonly name = "BodyError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * POST /events. The body is read and the answer written with Node's own means: a request takes half the time that it
 * does with express.raw and response.json, and this is the one route that is asked thousands of times a second.
 */
export function takeEvents(journal: EventJournal) {
  return async (request: Request, response: Response): Promise<void> => {
    const body = await readBody(request);
    const answer = JSON.stringify(await journal.record(body, request.headers["content-type"] ?? ""));
    response.writeHead(202, {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": Buffer.byteLength(answer),
    });
    response.end(answer);
  };
}

/** @throws {BodyError} */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  if ((request.headers["content-encoding"] ?? "identity").toLowerCase() !== "identity") {
    throw new BodyError(415, "send the body as it is, without Content-Encoding");
  }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= LIMIT) chunks.push(chunk);
    else {
      chunks.length = 0;
      reject(new BodyError(413, "the body is larger than 8 MiB: send it in parts"));
    }
  });
  request.on("end", () => resolve(Buffer.concat(chunks)));
  request.on("error", () => reject(new BodyError(400, "the request was cut off")));
  return promise;
}
