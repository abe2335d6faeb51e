import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { unfinishedPattern } from "../backup/unfinished.ts";
import type { ProcessSpec } from "../stack/processes.ts";
import type { StatePaths } from "../stack/project.ts";
import { command } from "./command.ts";
import { SERVICE_USER, STARTED, TARGET, UNIT_FOLDER, unitName } from "./names.ts";
import { environmentText, isBackup, mountPoints, targetText, unitText } from "./unit.ts";

/**
 * Has systemd run a part, now and after every boot of the machine.
 * @throws {StackError} when systemd refuses
 */
export async function startUnit(spec: ProcessSpec, paths: StatePaths): Promise<void> {
  writeUnit(spec, paths, UNIT_FOLDER);
  await handOver(paths);
  writeFileSync(STARTED, "");
  await systemctl("daemon-reload");
  await systemctl("restart", unitName(spec.name));
}

/** Writes a part's unit and environment, and the target that wants every unit there is. */
export function writeUnit(spec: ProcessSpec, paths: StatePaths, folder: string): void {
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  const environmentFile = join(realpathSync(paths.run), `${spec.name}.env`);
  writeFileSync(environmentFile, environmentText(spec.env), { mode: 0o600 });
  const writable = writableOf(spec, paths);
  const unfinishedRestore = resolve(spec.cwd, unfinishedPattern("native"));
  const unit = unitText(spec, { writable, environmentFile, unfinishedRestore });
  writeFileSync(join(folder, unitName(spec.name)), unit, { mode: 0o644 });
  writeTarget(folder);
}

function writeTarget(folder: string): void {
  writeFileSync(join(folder, TARGET), targetText(unitFiles(folder)), { mode: 0o644 });
}

/** Its own folder in the data, where it has one. systemd makes them writable, but does not make them. */
function writableOf(spec: ProcessSpec, paths: StatePaths): string[] {
  const archives = resolve(spec.cwd, spec.env.BACKUP_DIR ?? "backups");
  const own = OWN_FOLDER.has(spec.name) ? join(paths.data, spec.name) : paths.data;
  const folders = isBackup(spec) ? [paths.root, archives] : [own];
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folders.map((folder) => realpathSync(folder));
}

const OWN_FOLDER = new Set(["prometheus", "alertmanager", "grafana"]);

/** Stops units, and leaves nothing of them, so that no boot starts them again. One that is not there is no trouble. */
export async function removeUnits(names: string[]): Promise<void> {
  const units = unitFiles(UNIT_FOLDER).filter((unit) => names.includes(unit));
  const mounted = units.flatMap(mountPointsOf);
  for (const unit of units) await systemctl("stop", unit);
  for (const unit of units) rmSync(join(UNIT_FOLDER, unit));
  const kept = new Set(unitFiles(UNIT_FOLDER).flatMap(mountPointsOf));
  for (const folder of mounted) if (!kept.has(folder)) removeEmpty(folder);
  writeTarget(UNIT_FOLDER);
  await systemctl("daemon-reload");
  await systemctl("reset-failed", "wecom-monitoring*");
}

function mountPointsOf(unit: string): string[] {
  return mountPoints(readFileSync(join(UNIT_FOLDER, unit), "utf8"));
}

/** Made to be mounted on; one that holds something was there before. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or not there.
  }
}

export async function removeTarget(): Promise<void> {
  // Where somebody has removed it, its link among those that a boot wants is still there.
  writeTarget(UNIT_FOLDER);
  await systemctl("disable", "--quiet", "--now", TARGET);
  rmSync(join(UNIT_FOLDER, TARGET));
  await systemctl("daemon-reload");
}

export function unitFiles(folder: string): string[] {
  const names = readdirSync(folder);
  return names.filter((name) => /^wecom-monitoring-\w+\.service$/.test(name)).sort();
}

/** Whether systemd runs it, or is to start it again in a moment. */
export function isActive(part: string): boolean {
  const { stdout } = spawnSync("systemctl", ["is-active", unitName(part)], { encoding: "utf8" });
  return /^(active|activating|deactivating|reloading)$/m.test(stdout ?? "");
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
  await command("systemctl", ...args);
}

/** What root wrote, a restored backup for example, and the parts have to read. */
async function handOver(paths: StatePaths): Promise<void> {
  mkdirSync(paths.secrets, { recursive: true });
  mkdirSync(paths.data, { recursive: true, mode: 0o700 });
  await command("chown", "-R", `${SERVICE_USER}:${SERVICE_USER}`, `${paths.data}/`);
  await command("chgrp", "-R", SERVICE_USER, `${paths.secrets}/`);
  await command("chmod", "-R", "g+rX,o=", `${paths.secrets}/`);
}
