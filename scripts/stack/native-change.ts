import type { Ports } from "./addresses.ts";
import { describeDraft, tellChanges } from "./draft.ts";
import type { Expected } from "./expected.ts";
import type { Part } from "./parts.ts";
import { isRunning, type ProcessRecord, stopProcess } from "./processes.ts";
import { RevertedError, type StatePaths } from "./project.ts";
import { confirm, goBack, publish } from "./publish.ts";
import { hasLoaded, RELOADED, type ReloadedServer, reload } from "./reload.ts";
import type { Rendering } from "./render.ts";
import type { Report } from "./report.ts";
import { startParts, titleOf } from "./starting.ts";

export interface NativeChange {
  parts: Part[];
  rendering: Rendering;
  /** What runs at the moment. */
  before: ProcessRecord[];
  paths: StatePaths;
  ports: Ports;
  report: Report;
}

/**
 * From what runs to what should run: the rendering becomes current, the servers whose command stays take it by
 * reload, the other parts that differ are started anew.
 * @returns whether there was anything to do
 * @throws {RevertedError} when a server does not take it or a part does not start: then all is as it was before
 * @throws {StackError} when nothing ran before: then nothing runs again
 */
export async function changeNative(change: NativeChange): Promise<boolean> {
  const { parts, rendering, before, paths, ports, report } = change;
  const kept = before.filter((record) => parts.some((part) => isCurrent(record, part)));
  const outdated = before.filter((record) => !kept.includes(record));
  const toStart = parts.filter(({ name }) => !kept.some((record) => record.name === name));
  const draft = describeDraft(paths.config, rendering.folder);
  if (before.length > 0) tellChanges(draft.changes, report.line);
  const isOpen = publish(paths.config, rendering.hash);
  const stale = await toReload(kept, isOpen, draft.expected, ports);
  const asked: ReloadedServer[] = [];
  try {
    for (const server of stale) {
      asked.push(server);
      await reload(server, urlOf(server, ports), draft.expected, report);
    }
    await stopOutdated(outdated, change);
    if (toStart.length > 0) await startParts(toStart, paths, report);
  } catch (error) {
    if (before.length === 0) throw error;
    const problems = await revert({ asked, outdated, good: draft.good }, change);
    throw problems ? new RevertedError(error as Error, problems) : error;
  }
  confirm(paths.config);
  return isOpen || stale.length + outdated.length + toStart.length > 0;
}

/** Whether what runs is what should run. */
function isCurrent(record: ProcessRecord, part: Part): boolean {
  return record.name === part.name && record.fingerprint === part.fingerprint;
}

/** Where nothing is to be switched, a server may still have missed the last time. */
async function toReload(
  kept: ProcessRecord[],
  isOpen: boolean,
  expected: Expected,
  ports: Ports,
): Promise<ReloadedServer[]> {
  const running = RELOADED.filter((server) => kept.some(({ name }) => name === server));
  if (isOpen) return running;
  const loaded = await Promise.all(
    running.map((server) => hasLoaded(server, urlOf(server, ports), expected)),
  );
  return running.filter((_, index) => !loaded[index]);
}

function urlOf(server: ReloadedServer, ports: Ports): string {
  return `http://127.0.0.1:${ports[server]}`;
}

async function stopOutdated(outdated: ProcessRecord[], { paths, report }: NativeChange): Promise<void> {
  for (const record of outdated) {
    const step = report.begin(`停止 ${titleOf(record)}（设置已变）`);
    await stopProcess(record, paths);
    step.done();
  }
}

interface Undo {
  /** To take the new rendering, whether they did or not. */
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
  const attempt = (work: Promise<void>) => work.catch((error: Error) => problems.push(error.message));
  if (good) for (const server of asked) await attempt(reload(server, urlOf(server, ports), good, report));
  if (stopped.length > 0) await attempt(startParts(stopped, paths, report));
  return problems;
}
