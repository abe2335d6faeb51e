import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isService, unitName } from "../service/names.ts";
import {
  isActive,
  journalCommand,
  journalTail,
  mainPid,
  removeUnits,
  startUnit,
  stopUnit,
} from "../service/units.ts";
import { toldByOwner } from "./owner.ts";
import type { StatePaths } from "./project.ts";

/** What is to run, and all that decides whether a running one is still the right one. */
export interface ProcessSpec {
  name: string;
  command: string[];
  cwd: string;
  env: Record<string, string>;
  /** Answers once the process is ready; one without is ready once it runs. */
  readyUrl: string | undefined;
  /** Changes when the process has to be started anew. */
  fingerprint: string;
}

/** A process that was started, as written to the run folder: all that it takes to start the same again. */
export interface ProcessRecord extends ProcessSpec {
  pid: number;
  /** Tells it from a later process with the same id. */
  identity: string;
  /** Whether systemd runs it, which may have started it anew since. */
  isUnit?: boolean;
}

/** Bytes; a larger log is put aside at the next start. */
const LOG_LIMIT = 20 * 1024 * 1024;
/** Milliseconds a process has to stop by itself: Prometheus writes its memory to disk. */
const STOP_DEADLINE = 60_000;

export interface StartedProcess {
  record: ProcessRecord;
  child: ChildProcess;
  /** Bytes: what stands before in the log is of earlier runs. */
  logStart: number;
}

/** Starts a process that outlives this one, its output in the log. */
export function startProcess(spec: ProcessSpec, paths: StatePaths): StartedProcess {
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  const log = logFile(paths, spec.name);
  if (existsSync(log) && statSync(log).size > LOG_LIMIT) renameSync(log, `${log}.1`);
  const logStart = existsSync(log) ? statSync(log).size : 0;
  const output = openSync(log, "a", 0o600);
  const [program = "", ...args] = spec.command;
  const child = spawn(program, args, {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: ["ignore", output, output],
  });
  // A program that cannot be run shows as a process that is not there, and in the log.
  child.once("error", ({ message }) => appendFileSync(log, `${message}\n`));
  closeSync(output);
  child.unref();
  const pid = child.pid ?? 0;
  const { name, command, cwd, env, readyUrl, fingerprint } = spec;
  const record = { name, pid, identity: identityOf(pid) ?? "", command, cwd, env, readyUrl, fingerprint };
  writeFileSync(recordFile(paths, spec.name), JSON.stringify(record), { mode: 0o600 });
  return { record, child, logStart };
}

/** Has systemd start it, where it is a service of the machine. */
export async function startService(spec: ProcessSpec, paths: StatePaths): Promise<ProcessRecord> {
  await startUnit(spec, paths);
  const record = asItRuns({ ...spec, pid: 0, identity: "", isUnit: true });
  writeFileSync(recordFile(paths, spec.name), JSON.stringify(record), { mode: 0o600 });
  return record;
}

/** Everything that was started here and still runs. */
export function runningProcesses(paths: StatePaths): ProcessRecord[] {
  return startedProcesses(paths).filter(isRunning);
}

/** What runs, and what systemd goes on starting though it dies each time. */
export function activeProcesses(paths: StatePaths): ProcessRecord[] {
  return startedProcesses(paths).filter((record) =>
    record.isUnit ? isActive(record.name) : isRunning(record),
  );
}

/** Everything that was started here and not stopped: what does not run any more has died. */
export function startedProcesses(paths: StatePaths): ProcessRecord[] {
  return recordFiles(paths)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => readRecord(join(paths.run, file)));
}

/** Milliseconds since the epoch. */
export function startedAt(paths: StatePaths, name: string): number {
  return statSync(recordFile(paths, name)).mtimeMs;
}

function recordFiles(paths: StatePaths): string[] {
  try {
    return readdirSync(paths.run);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw toldByOwner(paths.run, "读取", error);
  }
}

/** None where a power cut left the file empty: the process went with it. */
function readRecord(file: string): ProcessRecord[] {
  try {
    return [asItRuns(JSON.parse(readFileSync(file, "utf8")) as ProcessRecord)];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw toldByOwner(file, "读取", error);
  }
}

function asItRuns(record: ProcessRecord): ProcessRecord {
  if (!record.isUnit) return record;
  const pid = mainPid(record.name);
  return { ...record, pid, identity: identityOf(pid) ?? "" };
}

export function isRunning({ pid, identity }: ProcessRecord): boolean {
  return identity !== "" && identityOf(pid) === identity;
}

/**
 * Whether a version started it whose records did not hold yet what it takes to start the same again. No sign of that
 * is a missing `readyUrl`: the backups never have one.
 */
export function isOfEarlierVersion({ command }: Partial<ProcessRecord>): boolean {
  return command === undefined;
}

/** Asks it to stop, waits, and forgets it. @returns whether it had to be killed */
export async function stopProcess(record: ProcessRecord, paths: StatePaths): Promise<boolean> {
  if (record.isUnit) {
    // Its record stays: systemd starts it again at the next boot.
    await stopUnit(record.name);
    return false;
  }
  const deadline = Date.now() + STOP_DEADLINE;
  if (isRunning(record)) process.kill(record.pid, "SIGTERM");
  while (isRunning(record) && Date.now() < deadline) await sleep(50);
  const killed = isRunning(record);
  if (killed) process.kill(record.pid, "SIGKILL");
  rmSync(recordFile(paths, record.name), { force: true });
  return killed;
}

/** Stops a part that is not wanted any more: nothing tells of it, and no boot starts it. */
export async function removeProcess(record: ProcessRecord, paths: StatePaths): Promise<void> {
  if (record.isUnit) await removeUnits([unitName(record.name)]);
  else await stopProcess(record, paths);
  rmSync(recordFile(paths, record.name), { force: true });
}

export function logFile(paths: StatePaths, name: string): string {
  return join(paths.logs, `${name}.log`);
}

/** Where the operator finds a part's log. */
export function whereLogged(paths: StatePaths, name: string): string {
  return isService(paths.root) ? journalCommand(name) : logFile(paths, name);
}

/** The end of a part's log, for the operator to read. @param from bytes to leave out */
export function logTail(paths: StatePaths, name: string, lines = 15, from = 0): string {
  if (isService(paths.root)) return journalTail(name, lines);
  const log = logFile(paths, name);
  if (!existsSync(log)) return "";
  return readFileSync(log).subarray(from).toString().trimEnd().split("\n").slice(-lines).join("\n");
}

function recordFile(paths: StatePaths, name: string): string {
  return join(paths.run, `${name}.json`);
}

/** When the process began, in this boot of the machine; undefined when there is none with this id, or a zombie. */
function identityOf(pid: number): string | undefined {
  if (pid <= 0) return undefined;
  if (process.platform !== "linux") {
    return (
      spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim() || undefined
    );
  }
  try {
    // Fields after the name, which may hold spaces: state is the first, start time the 20th (proc_pid_stat(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    if (fields[0] === "Z") return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}
