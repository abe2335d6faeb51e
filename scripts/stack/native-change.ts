import type { Ports } from "./addresses.ts";
import { describeDraft, tellChanges } from "./changes.ts";
import type { Expected } from "./expected.ts";
import { InterruptedError, reasonOf } from "./interruption.ts";
import { changedVariables } from "./part-variables.ts";
import type { Part } from "./parts.ts";
import { isRunning, type ProcessRecord, runningProcesses, stopProcess } from "./processes.ts";
import { RevertedError, type StatePaths } from "./project.ts";
import { confirm, goBack, publish } from "./publish.ts";
import { hasLoaded, RELOADED, type ReloadedServer, reload, verify } from "./reload.ts";
import type { Rendering } from "./render.ts";
import type { Report } from "./report.ts";
import { areReady, startParts, titleOf } from "./starting.ts";

export interface NativeChange {
  /** Of startParts, where nothing ran before. */
  keepLate: boolean;
  parts: Part[];
  rendering: Rendering;
  /** What runs at the moment. */
  before: ProcessRecord[];
  paths: StatePaths;
  ports: Ports;
  report: Report;
  signal: AbortSignal;
}

/**
 * From what runs to what should run: the rendering becomes current, the servers whose command stays take it by
 * reload, the other parts that differ are started anew.
 * @returns whether there was anything to do, and whether all is ready
 * @throws {RevertedError} when a server does not take it or a part does not start: then all is as it was before
 * @throws {StackError} when nothing ran before: then nothing runs again
 * @throws {InterruptedError} when interrupted where nothing ran before, or before anything was changed
 */
export async function changeNative(change: NativeChange): Promise<{ isChanged: boolean; isReady: boolean }> {
  const { parts, rendering, before, paths, ports, report, signal } = change;
  const kept = before.filter((record) => parts.some((part) => isCurrent(record, part)));
  const outdated = before.filter((record) => !kept.includes(record));
  const toStart = parts.filter(({ name }) => !kept.some((record) => record.name === name));
  const draft = describeDraft(paths.config, rendering.folder);
  if (before.length > 0) tellChanges([...draft.changes, ...describeVariables(outdated, parts)], report.line);
  const isOpen = publish(paths.config, rendering.hash);
  const stale = await toReload(kept, isOpen, draft.expected, ports);
  const asked: ReloadedServer[] = [];
  const ask = async (how: typeof reload, server: ReloadedServer) => {
    signal.throwIfAborted();
    asked.push(server);
    await how(server, urlOf(server, ports), draft.expected, { report, signal });
  };
  let isReady = true;
  try {
    for (const server of stale) await ask(reload, server);
    await stopOutdated(outdated, change);
    signal.throwIfAborted();
    // What ran before is there to go back to.
    const keepLate = change.keepLate && before.length === 0;
    if (toStart.length > 0) isReady = await startParts(toStart, paths, { report, signal, keepLate });
    // The first start need not wait until every rule has been evaluated: no old value can still answer.
    if (before.length > 0) for (const server of serversOf(toStart)) await ask(verify, server);
    signal.throwIfAborted();
  } catch (error) {
    if (before.length === 0) {
      throw signal.aborted ? new InterruptedError("已启动的部分都停下了，数据都已保留。") : error;
    }
    const problems = await revert({ asked, outdated, good: draft.good }, change);
    throw problems ? new RevertedError(reasonOf(error, signal), problems) : error;
  }
  confirm(paths.config);
  if (!(await areReady(kept, report))) isReady = false;
  return { isChanged: isOpen || stale.length + outdated.length + toStart.length > 0, isReady };
}

/** What of .env differs from what these were started with, by name: it may be secret. */
export function describeVariables(outdated: ProcessRecord[], parts: Part[]): string[] {
  const names = outdated.flatMap((record) => {
    const part = parts.find(({ name }) => name === record.name);
    return part ? changedVariables(record.env, part.env) : [];
  });
  return names.length > 0 ? [`.env：${[...new Set(names)].join("、")}`] : [];
}

/** Whether what runs is what should run. */
function isCurrent(record: ProcessRecord, part: Part): boolean {
  return record.name === part.name && record.fingerprint === part.fingerprint;
}

/** Also where nothing is to be switched: a server may have missed the last time. */
async function toReload(
  kept: ProcessRecord[],
  isOpen: boolean,
  expected: Expected,
  ports: Ports,
): Promise<ReloadedServer[]> {
  const running = serversOf(kept);
  const loaded = await Promise.all(
    running.map((server) => hasLoaded(server, urlOf(server, ports), expected)),
  );
  return running.filter((server, index) => !loaded[index] || (isOpen && !SHOWS_ALL[server]));
}

/** Alertmanager shows a hash of its file; Prometheus can have taken another scrape interval without a trace. */
const SHOWS_ALL: Record<ReloadedServer, boolean> = { alertmanager: true, prometheus: false };

function serversOf(parts: { name: string }[]): ReloadedServer[] {
  return RELOADED.filter((server) => parts.some(({ name }) => name === server));
}

function urlOf(server: ReloadedServer, ports: Ports): string {
  return `http://127.0.0.1:${ports[server]}`;
}

async function stopOutdated(
  outdated: ProcessRecord[],
  { paths, report, signal }: NativeChange,
): Promise<void> {
  for (const record of outdated) {
    signal.throwIfAborted();
    const step = report.begin(`停止 ${titleOf(record)}（设置已变）`);
    await stopProcess(record, paths);
    step.done();
  }
}

interface Undo {
  /** To take the new rendering, or to show that they have, whether they did or not. */
  asked: ReloadedServer[];
  outdated: ProcessRecord[];
  good: Expected | undefined;
}

/** @returns the problems with going back; undefined where nothing had been changed yet */
async function revert(
  { asked, outdated, good }: Undo,
  { paths, ports, report }: NativeChange,
): Promise<string[] | undefined> {
  const isBack = goBack(paths.config);
  const stopped = outdated.filter((record) => !isRunning(record));
  if (!isBack && stopped.length === 0) return undefined;
  report.line("没有成功，恢复原来的配置：");
  const problems: string[] = [];
  const attempt = (work: Promise<unknown>) => work.catch((error: Error) => problems.push(error.message));
  const replaced = stopped.map(({ name }) => name);
  for (const record of runningProcesses(paths)) {
    if (replaced.includes(record.name)) await attempt(stopProcess(record, paths));
  }
  const reloaded = asked.filter((server) => !replaced.includes(server));
  if (good)
    for (const server of reloaded) await attempt(reload(server, urlOf(server, ports), good, { report }));
  if (stopped.length > 0) await attempt(startParts(stopped, paths, { report }));
  return problems;
}
