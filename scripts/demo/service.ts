import type { ServerResponse } from "node:http";
import type { ServiceTarget } from "../../config/config.ts";
import { type HttpServer, isLoopback, serve } from "../../service/http.ts";

export type ServiceState = "healthy" | "slow" | "away";

/** The service that the demo plays. */
export interface PlayedService {
  /** Takes effect with the next probe. */
  become(state: ServiceState): Promise<void>;
  /** How often it was probed. */
  readonly probes: number;
  close(): Promise<void>;
}

/** The entry of config.ini's [services] that the demo may serve itself. */
const SERVICE_NAME = "demo";
const SERVICE_LINE = "demo = http://127.0.0.1:8899/health";

/**
 * Serves the service named demo, where there is one on this machine that nobody serves.
 * @param delay milliseconds that an answer takes when slow
 * @returns why it cannot, otherwise
 */
export async function playService(services: ServiceTarget[], delay: number): Promise<PlayedService | string> {
  const target = services.find(({ name }) => name === SERVICE_NAME);
  if (target === undefined) {
    return `想连服务变慢、中断一起看：在 config/config.ini 的 [services] 里加一行 ${SERVICE_LINE}，执行 npm run apply，再演示`;
  }
  const { protocol, hostname, port } = new URL(target.url);
  if (protocol !== "http:" || !isLoopback(hostname)) {
    return `不演示服务变慢：[services] 里的 ${SERVICE_NAME} 不在本机，应写成 ${SERVICE_LINE}`;
  }
  return startServing(hostname, Number(port || 80), delay).catch(
    ({ code }: NodeJS.ErrnoException) =>
      `不演示服务变慢：端口 ${port || 80} 不能用（${code === "EADDRINUSE" ? "已有别的程序" : code}），换一个端口再 npm run apply`,
  );
}

async function startServing(host: string, port: number, delay: number): Promise<PlayedService> {
  let state: ServiceState = "healthy";
  let probes = 0;
  let server: HttpServer | undefined = await listen();

  function listen(): Promise<HttpServer> {
    return serve((_, response) => answer(response), host, port);
  }

  function answer(response: ServerResponse): void {
    probes += 1;
    // A connection that is kept would be answered also while it is away.
    response.setHeader("Connection", "close");
    setTimeout(() => response.end("OK\n"), state === "slow" ? delay : 0);
  }

  async function close(): Promise<void> {
    const closing = server;
    server = undefined;
    await closing?.close();
  }

  return {
    async become(next) {
      state = next;
      if (next === "away") await close();
      else server ??= await listen();
    },
    get probes() {
      return probes;
    },
    close,
  };
}
