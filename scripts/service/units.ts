import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ProcessSpec } from "../stack/processes.ts";
import { StackError, type StatePaths } from "../stack/project.ts";
import { run } from "../stack/run.ts";
import { SERVICE_USER, TARGET, UNIT_FOLDER, unitName } from "./names.ts";
import { environmentText, isBackup, targetText, unitText } from "./unit.ts";

/**
 * Has systemd run a part, now and after every boot of the machine.
 * @throws {StackError} when systemd refuses
 */
export async function startUnit(spec: ProcessSpec, paths: StatePaths): Promise<void> {
  await handOver(paths);
  writeUnit(spec, paths, UNIT_FOLDER);
  await systemctl("daemon-reload");
  await systemctl("restart", unitName(spec.name));
}

/** Writes a part's unit and environment, and the target that wants every unit there is. */
export function writeUnit(spec: ProcessSpec, paths: StatePaths, folder: string): void {
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  const environmentFile = join(realpathSync(paths.run), `${spec.name}.env`);
  writeFileSync(environmentFile, environmentText(spec.env), { mode: 0o600 });
  const unit = unitText(spec, { writable: writableOf(spec, paths), environmentFile });
  writeFileSync(join(folder, unitName(spec.name)), unit, { mode: 0o644 });
  writeFileSync(join(folder, TARGET), targetText(unitFiles(folder)), { mode: 0o644 });
}

function writableOf(spec: ProcessSpec, paths: StatePaths): string[] {
  if (!isBackup(spec)) return [realpathSync(paths.data)];
  const archives = resolve(spec.cwd, spec.env.BACKUP_DIR ?? "backups");
  // systemd makes it writable, but does not make it.
  mkdirSync(archives, { recursive: true, mode: 0o700 });
  return [realpathSync(paths.root), archives];
}

export function unitFiles(folder: string): string[] {
  const names = readdirSync(folder);
  return names.filter((name) => /^wecom-monitoring-\w+\.service$/.test(name)).sort();
}

/** The process that systemd runs at the moment, 0 where there is none. */
export function mainPid(part: string): number {
  const shown = spawnSync("systemctl", ["show", "--property=MainPID", "--value", unitName(part)], {
    encoding: "utf8",
  });
  return Number(shown.stdout || 0);
}

export async function stopUnit(part: string): Promise<void> {
  await systemctl("stop", unitName(part));
}

/** Where an operator finds what a part has logged. */
export function journalCommand(part: string): string {
  return `journalctl -u ${unitName(part)}`;
}

/** The last lines that a part has logged. */
export function journalTail(part: string, lines: number): string {
  const args = ["-u", unitName(part), "-n", String(lines), "-o", "cat", "--no-pager"];
  return spawnSync("journalctl", args, { encoding: "utf8" }).stdout?.trimEnd() ?? "";
}

export async function systemctl(...args: string[]): Promise<void> {
  try {
    await run("systemctl", args);
  } catch (cause) {
    throw new StackError((cause as Error).message, { cause });
  }
}

/** What root wrote, a restored backup for example, and the parts have to read. */
async function handOver(paths: StatePaths): Promise<void> {
  mkdirSync(paths.secrets, { recursive: true });
  mkdirSync(paths.data, { recursive: true, mode: 0o700 });
  await run("chown", ["-R", `${SERVICE_USER}:${SERVICE_USER}`, `${paths.data}/`]);
  await run("chgrp", ["-R", SERVICE_USER, `${paths.secrets}/`]);
  await run("chmod", ["-R", "g+rX,o=", `${paths.secrets}/`]);
}
