import { type Env, readSecret } from "../../config/environment.ts";
import { PART_TITLES, type PartName } from "./addresses.ts";
import { composeEnv } from "./compose-cli.ts";
import { run } from "./run.ts";
import type { Settings } from "./settings.ts";

/** Milliseconds for one question. */
const TIMEOUT = 4000;
/** The same inside a container, where a program has to start first. */
const INSIDE_TIMEOUT = 7000;

/** A part that does not answer, told as the operator knows it. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

export interface Answer {
  status: number;
  text: string;
  /** The part's own clock, milliseconds since the epoch; undefined where it does not tell. */
  date: number | undefined;
}

export interface AskOptions {
  method?: "GET" | "POST";
  /** Milliseconds. */
  timeout?: number;
}

/** Asks the parts of a stack, wherever they run. */
export interface Ask {
  /** @throws {NoAnswerError} */
  (part: PartName, path: string, options?: AskOptions): Promise<Answer>;
  /** @throws {NoAnswerError} also for anything but a success */
  json<T>(part: PartName, path: string, options?: AskOptions): Promise<T>;
  /** Undefined for a part that can be reached from inside only. @throws {NoAnswerError} where it does not run */
  url(part: PartName): string | undefined;
}

/**
 * @param address of a part on this machine; undefined for one that is asked from inside its container
 * @throws {NoAnswerError} for one that does not run
 */
export function createAsk(
  project: string,
  settings: Settings,
  address: (part: PartName) => string | undefined,
): Ask {
  // To start a program in a container takes longer than any answer: nothing is asked there twice.
  const inside = new Map<string, Promise<Answer>>();
  const ask = async (part: PartName, path: string, options: AskOptions = {}): Promise<Answer> => {
    const url = address(part);
    try {
      return url === undefined
        ? await inside.getOrInsertComputed(`${options.method} ${path}`, () =>
            askInside(project, settings, path, options),
          )
        : await askHere(url + path, part === "relay" ? relayToken(settings.env) : undefined, options);
    } catch (cause) {
      throw new NoAnswerError(`${PART_TITLES[part]} 没有应答`, { cause });
    }
  };
  return Object.assign(ask, {
    async json<T>(part: PartName, path: string, options?: AskOptions): Promise<T> {
      const { status, text } = await ask(part, path, options);
      if (status >= 300) throw new NoAnswerError(`${PART_TITLES[part]} 应答 HTTP ${status}`);
      try {
        return JSON.parse(text) as T;
      } catch (cause) {
        throw new NoAnswerError(`${PART_TITLES[part]} 的应答不是它该有的样子`, { cause });
      }
    },
    url: address,
  });
}

async function askHere(
  url: string,
  token: string | undefined,
  { method = "GET", timeout = TIMEOUT }: AskOptions,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    // Only a write needs it: it is shown to nobody else who happens to listen there.
    ...(method === "POST" && token !== undefined && { headers: { Authorization: `Bearer ${token}` } }),
    signal: AbortSignal.timeout(timeout),
  });
  const date = Date.parse(response.headers.get("date") ?? "");
  return {
    status: response.status,
    text: await response.text(),
    date: Number.isNaN(date) ? undefined : date,
  };
}

/** Runs in the relay's container, whose port is not published. */
const INSIDE = `
const [path, method] = process.argv.slice(1);
const token = require("fs").readFileSync("/secrets/relay_token", "utf8");
const headers = { Authorization: "Bearer " + token };
fetch("http://127.0.0.1:8002" + path, { method, headers }).then(async (response) => {
  const date = Date.parse(response.headers.get("date"));
  console.log(JSON.stringify({ status: response.status, text: await response.text(), date }));
});`;

async function askInside(
  cwd: string,
  settings: Settings,
  path: string,
  { method = "GET", timeout = INSIDE_TIMEOUT }: AskOptions,
): Promise<Answer> {
  const args = ["compose", "exec", "-T", "relay", "node", "-e", INSIDE, path, method];
  return JSON.parse(await run("docker", args, { cwd, env: composeEnv(cwd, settings), timeout })) as Answer;
}

function relayToken(env: Env): string | undefined {
  try {
    return readSecret(env, "RELAY_TOKEN");
  } catch {
    return undefined;
  }
}
