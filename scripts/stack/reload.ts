import { setTimeout as sleep } from "node:timers/promises";
import { PART_TITLES } from "./addresses.ts";
import type { Expected } from "./expected.ts";
import { alertmanagerProblem, loadedProblem, longestInterval, metric, valuesProblem } from "./live.ts";
import { StackError } from "./project.ts";
import type { Report, Step } from "./report.ts";

/** The servers that take new files while they run, in the order in which they are asked to. */
export const RELOADED = ["alertmanager", "prometheus"] as const;
export type ReloadedServer = (typeof RELOADED)[number];

/** Milliseconds. */
export interface Deadlines {
  /** To read the new files. Prometheus waits for the rules under evaluation to end. */
  reload: Record<ReloadedServer, number>;
  /** Until the new values show, on top of the time between two evaluations and between two looks at the targets. */
  values: number;
}

const DEADLINES: Deadlines = { reload: { alertmanager: 10_000, prometheus: 30_000 }, values: 30_000 };
const POLL = 250;

export interface ReloadOptions {
  report: Report;
  /** Ends the waiting for the new values. */
  signal?: AbortSignal;
  deadlines?: Deadlines;
}

/** A server does not have in force what it should. */
export class ReloadError extends StackError {
  override readonly name = "ReloadError";
}

/**
 * Makes a running server read the current rendering, and waits until exactly that is in force.
 * @throws {ReloadError} with the server's own reason where it gives one
 */
export async function reload(
  server: ReloadedServer,
  url: string,
  expected: Expected,
  { report, signal, deadlines = DEADLINES }: ReloadOptions,
): Promise<void> {
  const step = report.begin(`${PART_TITLES[server]} 换用新配置`);
  try {
    await post(server, url, deadlines.reload[server]);
    await waitUntilInForce(server, url, expected, { step, signal, extra: deadlines.values });
  } catch (error) {
    throw refusal(server, error, step);
  }
  step.done("已核对生效");
}

/**
 * The same of a server that has just been started, and has read the rendering by itself.
 * @throws {ReloadError}
 */
export async function verify(
  server: ReloadedServer,
  url: string,
  expected: Expected,
  { report, signal, deadlines = DEADLINES }: ReloadOptions,
): Promise<void> {
  const step = report.begin(`${PART_TITLES[server]} 按新配置运行`);
  try {
    await waitUntilInForce(server, url, expected, { step, signal, extra: deadlines.values });
  } catch (error) {
    throw refusal(server, error, step);
  }
  step.done("已核对生效");
}

function refusal(server: ReloadedServer, cause: unknown, step: Step): ReloadError {
  step.fail("没有成功");
  return new ReloadError(`${PART_TITLES[server]} 没有换用新配置：${reasonOf(cause)}`, { cause });
}

/** Whether a server has these files in force, as far as can be told at once. */
export async function hasLoaded(server: ReloadedServer, url: string, expected: Expected): Promise<boolean> {
  return (await loaded(server, url, expected).catch(() => "")) === undefined;
}

function loaded(server: ReloadedServer, url: string, expected: Expected): Promise<string | undefined> {
  return server === "alertmanager"
    ? alertmanagerProblem(url, expected)
    : loadedProblem(url, expected.prometheus);
}

const LAST_SUCCESS: Record<ReloadedServer, string> = {
  alertmanager: "alertmanager_config_last_reload_success_timestamp_seconds",
  prometheus: "prometheus_config_last_reload_success_timestamp_seconds",
};

/** Both answer once they have read the files, or why they could not. */
async function post(server: ReloadedServer, url: string, deadline: number): Promise<void> {
  const before = await metric(url, LAST_SUCCESS[server]);
  const response = await fetch(`${url}/-/reload`, { method: "POST", signal: AbortSignal.timeout(deadline) });
  const text = (await response.text()).trim();
  if (!response.ok) throw new Error(text || `HTTP ${response.status}`);
  if ((await metric(url, LAST_SUCCESS[server])) === before) throw new Error("它没有重新读入配置");
}

async function waitUntilInForce(
  server: ReloadedServer,
  url: string,
  expected: Expected,
  waiting: Waiting,
): Promise<void> {
  const problem = await loaded(server, url, expected);
  if (problem !== undefined) throw new Error(problem);
  if (server === "prometheus") await waitForValues(url, expected, waiting);
}

interface Waiting {
  step: Step;
  signal: AbortSignal | undefined;
  /** Milliseconds. */
  extra: number;
}

async function waitForValues(
  url: string,
  expected: Expected,
  { step, signal, extra }: Waiting,
): Promise<void> {
  const deadline = Date.now() + extra + (await longestInterval(url)) * 1000;
  let problem = await valuesProblem(url, expected.prometheus);
  while (problem !== undefined) {
    signal?.throwIfAborted();
    if (Date.now() > deadline) throw new Error(problem);
    step.progress(problem);
    await sleep(POLL);
    problem = await valuesProblem(url, expected.prometheus);
  }
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === "TimeoutError") return "它没有应答";
  return cause instanceof Error ? `${message}（${cause.message}）` : message;
}
