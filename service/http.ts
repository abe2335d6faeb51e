import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface HttpServer {
  /** Where it listens: the real port when 0 was asked for. */
  url: string;
  close(): Promise<void>;
}

/** Milliseconds that a client may take for the head of a request, and for all of it. */
export interface Patience {
  head: number;
  request: number;
}

/** 8 MiB of events in a minute: what a line of a megabit a second carries. */
export const PATIENCE: Patience = { head: 10_000, request: 60_000 };

/**
 * Serves `handler`.
 * @param port 0 takes any free port
 * @throws the error of the operating system, for example EADDRINUSE
 */
export async function serve(
  handler: RequestListener,
  host: string,
  port: number,
  { head, request }: Patience = PATIENCE,
): Promise<HttpServer> {
  const options = { headersTimeout: head, requestTimeout: request, connectionsCheckingInterval: head / 5 };
  const server = createServer(options, handler);
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    close: () => close(server),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

/** Answers what is under way, takes nothing new; a client that keeps its request open is cut off after 5 s. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), 5000);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
