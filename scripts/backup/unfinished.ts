import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { StackKind } from "../stack/kind.ts";
import { StackError } from "../stack/project.ts";
import { findConfigFile } from "../stack/settings.ts";

/**
 * The old config.ini, put aside for as long as a restore may have to be taken back: while it is there the old is what
 * counts, wherever a kill or a power cut has left things. Removing it makes the restore final, renaming it back ends
 * the way back; either is one step. As an .ini file it is no part of the program, whose files decide what has to be
 * started anew (scripts/stack/parts.ts).
 */
export function asideOf(kind: StackKind): string {
  return join(dirname(findConfigFile()), `before-restore-${kind}.ini`);
}

/** The stack whose restore did not come to its end. */
export function unfinishedRestore(): StackKind | undefined {
  return (["native", "docker"] as const).find((kind) => existsSync(asideOf(kind)));
}

/** @throws {StackError} */
export function refuseUnfinishedRestore(): void {
  if (unfinishedRestore() !== undefined)
    throw new StackError("上一次恢复没有完成，请先执行 npm start，它会换回原来的数据");
}

/** From here on a restore can be taken back. */
export function putConfigAside(kind: StackKind): void {
  const aside = asideOf(kind);
  copyFileSync(findConfigFile(), `${aside}.tmp`);
  sync(`${aside}.tmp`);
  renameSync(`${aside}.tmp`, aside);
}

/** In one step, as services may read it at any moment, and for whom it was readable: containers have another user. */
export function replaceConfig(text: string): void {
  const file = findConfigFile();
  writeFileSync(`${file}.tmp`, text);
  chmodSync(`${file}.tmp`, statSync(file).mode);
  sync(`${file}.tmp`);
  renameSync(`${file}.tmp`, file);
}

export function bringConfigBack(kind: StackKind): void {
  renameSync(asideOf(kind), findConfigFile());
}

/** From here on a restore is final. */
export function forgetOldConfig(kind: StackKind): void {
  rmSync(asideOf(kind));
}

function sync(file: string): void {
  const descriptor = openSync(file, "r+");
  fsyncSync(descriptor);
  closeSync(descriptor);
}
