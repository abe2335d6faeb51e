import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readSecret } from "../../config/environment.ts";
import { isService } from "../service/names.ts";
import { PROCESS_TITLES, type ProcessName } from "./addresses.ts";
import { databaseTrouble } from "./database-trouble.ts";
import { mailPassword } from "./fallback-mail.ts";
import {
  isRunning,
  logTail,
  type ProcessRecord,
  type ProcessSpec,
  startProcess,
  startService,
  stopProcess,
  whereLogged,
} from "./processes.ts";
import { mailPasswordFile, relayTokenFile, StackError, type StatePaths } from "./project.ts";
import type { Report } from "./report.ts";

/** Milliseconds a part may take until it is ready. Prometheus reads its log anew, of a long life for minutes. */
const READY_DEADLINE = 120_000;
const PROMETHEUS_DEADLINE = 600_000;
const READY_POLL = 50;
const KEPT = "它没有停，还在运行。好了没有，看 npm run doctor";
/** Milliseconds in which one that has run for a while answers. */
const ANSWER_DEADLINE = 5000;
/** Of the log, when a part does not start. */
const LOG_LINES = 15;

export interface StartOptions {
  report: Report;
  signal?: AbortSignal;
  /** Whether one that lives but is not ready in time, as on a full disk, is only warned of, and goes on. */
  keepLate?: boolean;
  /** Milliseconds for each to get ready, instead of the usual ones. */
  patience?: number;
}

/**
 * Starts parts, and waits until each is ready.
 * @returns whether all are, but for Grafana
 * @throws {StackError} when one of them dies; then the others are stopped again. Grafana alone is only warned of
 * @throws the signal's reason, and all of them are stopped again
 */
export async function startParts(
  specs: ProcessSpec[],
  paths: StatePaths,
  { report, signal, keepLate = false, patience }: StartOptions,
): Promise<boolean> {
  const step = report.begin("启动各部分");
  const starting: { spec: ProcessSpec; record: ProcessRecord; logStart: number }[] = [];
  try {
    for (const spec of specs) starting.push({ spec, ...(await start(spec, paths)) });
  } catch (error) {
    for (const { record } of starting.reverse()) await stopProcess(record, paths);
    throw error;
  }
  const waiting = new Set(specs.map(titleOf));
  const show = () => step.progress(`等待 ${[...waiting].join("、")}`);
  show();
  const outcomes = await Promise.all(
    starting.map(async ({ spec, record, logStart }) => {
      const problem = await waitUntilReady(record, patience ?? patienceWith(spec), signal);
      waiting.delete(titleOf(spec));
      show();
      const isLate = problem !== undefined && isRunning(record);
      return { spec, isLate, problem: problem && failure(spec, problem, paths, logStart) };
    }),
  );
  const failed = outcomes.filter(({ problem }) => problem !== undefined);
  const needed = failed.filter(({ spec }) => !isOptional(spec));
  const fatal = needed.filter(({ isLate }) => !(keepLate && isLate));
  if (fatal.length === 0 && !signal?.aborted) {
    for (const { problem = "", isLate } of failed) report.warn(isLate ? `${problem}\n${KEPT}` : problem);
    step.done(specs.map(titleOf).join("、"));
    return needed.length === 0;
  }
  step.fail("没有成功");
  for (const { record } of starting.reverse()) await stopProcess(record, paths);
  signal?.throwIfAborted();
  throw new StackError(fatal.map(({ problem }) => problem).join("\n\n"));
}

/** Nobody is told less without it. */
function isOptional({ name }: Pick<ProcessSpec, "name">): boolean {
  return name === "grafana";
}

/** Whether parts that run are ready, Grafana apart; those that are not are warned of. */
export async function areReady(records: ProcessRecord[], report: Report): Promise<boolean> {
  const asked = records.filter((record) => !isOptional(record));
  const problems = await Promise.all(asked.map((record) => waitUntilReady(record, ANSWER_DEADLINE)));
  const late = asked.filter((_, index) => problems[index] !== undefined).map(titleOf);
  if (late.length > 0) report.warn(`${late.join("、")} 在运行，但没有就绪。原因和办法：npm run doctor`);
  return late.length === 0;
}

export function titleOf({ name }: Pick<ProcessSpec, "name">): string {
  return PROCESS_TITLES[name as ProcessName];
}

/** Written for Alertmanager at the moment the relay changes to them: what it refuses is not sent again. */
async function start(spec: ProcessSpec, paths: StatePaths) {
  if (spec.name === "relay") {
    writeSecret(relayTokenFile(paths), readSecret(spec.env, "RELAY_TOKEN"));
    writeSecret(mailPasswordFile(paths), mailPassword(spec.env));
  }
  if (isService(paths.root)) return { record: await startService(spec, paths), logStart: 0 };
  return startProcess(spec, paths);
}

/** One that is not given any more is not kept either. */
function writeSecret(file: string, secret: string | undefined): void {
  if (secret === undefined) rmSync(file, { force: true });
  else {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, secret, { mode: 0o600 });
  }
}

function patienceWith({ name }: ProcessSpec): number {
  return name === "prometheus" ? PROMETHEUS_DEADLINE : READY_DEADLINE;
}

/** @returns what is wrong, or undefined once it is ready */
async function waitUntilReady(
  record: ProcessRecord,
  patience: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline && !signal?.aborted) {
    if (!isRunning(record)) return "启动后就退出了";
    if (record.readyUrl === undefined) return undefined;
    const response = await fetch(record.readyUrl, { signal: AbortSignal.timeout(2000) }).catch(
      () => undefined,
    );
    if (response?.ok) return undefined;
    await sleep(READY_POLL);
  }
  return `${patience / 1000} 秒内没有就绪`;
}

function failure(spec: ProcessSpec, problem: string, paths: StatePaths, logStart: number): string {
  const known = databaseTrouble(spec.name, paths);
  if (known !== undefined) return `${titleOf(spec)} ${problem}：${known.what}。\n办法：${known.remedy}`;
  const tail = logTail(paths, spec.name, LOG_LINES, logStart);
  return `${titleOf(spec)} ${problem}。日志 ${whereLogged(paths, spec.name)} 的末尾：\n${tail}`;
}
