import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** What WeCom, or what stands in its place, does with a message. */
export type Fault = RequestListener;

/** WeCom's group-robot API on loopback, which behaves as told. */
export interface FaultyWecom {
  url: string;
  /** The texts of the messages that it took. */
  told: string[];
  /** Requests that it has left without an answer so far. */
  held: number;
  /** @param fault undefined: it takes every message */
  behave(fault: Fault | undefined): void;
  /** Nobody listens there any more. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

const answer = (errcode: number, errmsg: string) => (_: IncomingMessage, response: ServerResponse) =>
  void response.end(JSON.stringify({ errcode, errmsg }));

/** Of the clock that a test holds. */
export const SLOW = 3000;

export const FAULTS = {
  hanging: () => {},
  slow: (request, response) => setTimeout(() => answer(0, "ok")(request, response), SLOW),
  busy: answer(-1, "system error"),
  refusing: answer(93000, "invalid webhook url"),
  garbage: (_, response) => response.end(Buffer.from([0, 255, 254, 1, 200])),
  "half JSON": (_, response) => response.end('{"errcode":0,"errms'),
  "a page": (_, response) =>
    response.writeHead(200, { "Content-Type": "text/html" }).end("<html>登录</html>"),
  "HTTP 500": (_, response) => response.writeHead(500).end('{"errcode":0,"errmsg":"ok"}'),
  "a connection that breaks": ({ socket }) => socket.resetAndDestroy(),
  "an answer that breaks off": ({ socket }, response) => {
    response.writeHead(200, { "Content-Length": 50 }).write('{"errcode":0', () => socket.destroy());
  },
} satisfies Record<string, Fault>;

export async function startFaultyWecom(t: TestContext): Promise<FaultyWecom> {
  const told: string[] = [];
  let fault: Fault | undefined;
  let port = 0;
  const wecom: FaultyWecom = {
    url: "",
    told,
    held: 0,
    behave(next) {
      fault = next;
    },
    async leave() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    async comeBack() {
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    },
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    wecom.held += 1;
    response.once("close", () => {
      wecom.held -= 1;
    });
    if (fault === undefined || fault === FAULTS.slow)
      told.push(JSON.parse(Buffer.concat(chunks).toString()).markdown.content);
    (fault ?? answer(0, "ok"))(request, response);
  });
  await wecom.comeBack();
  port = (server.address() as AddressInfo).port;
  wecom.url = `http://127.0.0.1:${port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return wecom;
}
