import type { Ports } from "./addresses.ts";
import { describeChanges } from "./changes.ts";
import { readExpected } from "./expected.ts";
import type { Part } from "./parts.ts";
import { isRunning, type ProcessRecord, stopProcess } from "./processes.ts";
import { RevertedError, type StatePaths } from "./project.ts";
import { confirm, goBack, lastGood, publish } from "./publish.ts";
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
  const { parts, rendering, before, paths, report } = change;
  const kept = before.filter((record) => parts.some((part) => isCurrent(record, part)));
  const outdated = before.filter((record) => !kept.includes(record));
  const toStart = parts.filter(({ name }) => !kept.some((record) => record.name === name));
  const good = lastGood(paths.config);
  if (good !== undefined && before.length > 0) tellChanges(describeChanges(good, rendering.folder), report);
  const isOpen = publish(paths.config, rendering.hash);
  const stale = await toReload(kept, isOpen, change);
  const asked: ReloadedServer[] = [];
  try {
    for (const server of stale) {
      asked.push(server);
      await reloadNative(server, rendering.folder, change);
    }
    await stopOutdated(outdated, change);
    if (toStart.length > 0) await startParts(toStart, paths, report);
  } catch (error) {
    if (before.length === 0) throw error;
    throw new RevertedError(await revert(error as Error, { asked, outdated, good }, change));
  }
  confirm(paths.config);
  return isOpen || stale.length + outdated.length + toStart.length > 0;
}

/** Whether what runs is what should run. */
function isCurrent(record: ProcessRecord, part: Part): boolean {
  return record.name === part.name && record.fingerprint === part.fingerprint;
}

function tellChanges(lines: string[], report: Report): void {
  if (lines.length > 0) report.line("改动：");
  for (const line of lines) report.line(`  • ${line}`);
}

/** Where nothing is to be switched, a server may still have missed the last time. */
async function toReload(
  kept: ProcessRecord[],
  isOpen: boolean,
  { rendering, ports }: NativeChange,
): Promise<ReloadedServer[]> {
  const running = RELOADED.filter((server) => kept.some(({ name }) => name === server));
  if (isOpen) return running;
  const expected = readExpected(rendering.folder);
  const loaded = await Promise.all(
    running.map((server) => hasLoaded(server, urlOf(server, ports), expected)),
  );
  return running.filter((_, index) => !loaded[index]);
}

function reloadNative(
  server: ReloadedServer,
  folder: string,
  { ports, report }: NativeChange,
): Promise<void> {
  return reload(server, urlOf(server, ports), readExpected(folder), report);
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
  good: string | undefined;
}

/** @returns why, and whether everything is as before */
async function revert(reason: Error, { asked, outdated, good }: Undo, change: NativeChange): Promise<string> {
  const { paths, report } = change;
  report.line("没有成功，恢复原来的配置：");
  const problems: string[] = [];
  const attempt = (work: Promise<void>) => work.catch((error: Error) => problems.push(error.message));
  const isBack = goBack(paths.config) && good !== undefined;
  if (isBack) for (const server of asked) await attempt(reloadNative(server, good, change));
  const stopped = outdated.filter((record) => !isRunning(record));
  if (stopped.length > 0) await attempt(startParts(stopped, paths, report));
  if (!isBack && stopped.length === 0) return reason.message;
  const end =
    problems.length === 0
      ? "已恢复原来的配置，监控照常运行。"
      : `没能完全恢复原来的配置：\n${problems.join("\n")}\n请把改动撤回，再执行 npm start。`;
  return `${reason.message}\n\n${end}`;
}
