import { once } from "node:events";
import { type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { request as requestTls } from "node:https";
import { text } from "node:stream/consumers";

export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface Question {
  method?: string;
  /** Sent as it is: fetch would tidy it up. */
  path?: string;
  /** Any, Host and Origin included. */
  headers?: OutgoingHttpHeaders;
  body?: string;
  /** For https: the certificate, made for this name. */
  tls?: { ca: string; servername: string };
}

/** Asks what a browser or a program of this machine may not be able to: any path, any header. */
export async function ask(
  url: string,
  { method = "GET", path = "/", headers = {}, body = "", tls }: Question,
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const options = { hostname, port, method, path, headers, agent: false };
  const sent = tls ? requestTls({ ...options, ...tls }) : request(options);
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}
