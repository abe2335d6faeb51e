import type { z } from "zod";
import { StackError, TemporaryError } from "../stack/project.ts";

/** Milliseconds for a whole answer. */
const TIMEOUT = 10_000;

export interface Question {
  url: string;
  /** For the operator. */
  server: "Prometheus" | "Alertmanager";
  method?: "GET" | "POST";
  /** Milliseconds, where it has to work for its answer. */
  timeout?: number;
  signal: AbortSignal;
}

export interface ServerAnswer extends Pick<Question, "server"> {
  status: number;
  text: string;
}

/**
 * Asks a running server.
 * @throws {TemporaryError} when it does not answer in time
 * @throws the signal's reason
 */
export async function askServer({
  url,
  server,
  method = "GET",
  timeout = TIMEOUT,
  signal,
}: Question): Promise<ServerAnswer> {
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    const response = await fetch(url, { method, signal: limited });
    return { server, status: response.status, text: await response.text() };
  } catch (cause) {
    signal.throwIfAborted();
    throw new TemporaryError(
      `${server} 没有应答，无法备份：请用 npm start 启动它，或者用 npm stop 全部停下再备份`,
      { cause },
    );
  }
}

/** What it has answered. @throws {StackError} for what has another shape, as what something else would say */
export function readAnswer<T>({ server, status, text }: ServerAnswer, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StackError(
      `${server} 的应答（HTTP ${status}）不是它该有的样子，无法备份：请先执行 npm run doctor，照它说的办`,
      { cause },
    );
  }
}
