import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";

export interface HttpProxy {
  url: string;
  /** What it was asked for, without the query: "GET http://host/path", or "CONNECT host:443". */
  asked: string[];
}

/**
 * A forward proxy on loopback, for plain HTTP and by CONNECT, until the test ends.
 * @param origin stands for every host of the world
 */
export async function startHttpProxy(t: TestContext, origin: string): Promise<HttpProxy> {
  const asked: string[] = [];
  const { port: originPort } = new URL(origin);

  function pass(request: IncomingMessage, response: ServerResponse): void {
    const { origin: host, pathname, search } = new URL(request.url ?? "");
    asked.push(`${request.method} ${host}${pathname}`);
    const { method, headers } = request;
    const options = { host: "127.0.0.1", port: originPort, path: pathname + search, method, headers };
    request.pipe(forward(options, (answer) => answer.pipe(response)));
  }

  function tunnel(request: IncomingMessage, socket: Duplex): void {
    asked.push(`CONNECT ${request.url}`);
    const far = connect(Number(originPort), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(far).pipe(socket);
    });
    for (const end of [far, socket]) end.on("error", () => {});
    t.after(() => far.destroy());
  }

  const proxy = createServer(pass).on("connect", tunnel);
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}
