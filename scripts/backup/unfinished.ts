import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StackKind } from "../stack/kind.ts";
import { StackError, TemporaryError } from "../stack/project.ts";
import { replaceFile } from "../stack/replace-file.ts";
import { findConfigFile } from "../stack/settings.ts";
import { syncFolder } from "../stack/sync.ts";

/**
 * The old config.ini, put aside beside it for as long as a restore may have to be taken back: while it is there the old
 * is what counts, wherever a kill or a power cut has left things. Removing it makes the restore final, renaming it back
 * ends the way back; either is one step. Its name also says whether there was a .env: one that came with the archive
 * goes again. As an .ini file it is no part of the program, whose files decide what has to be started anew
 * (scripts/stack/parts.ts).
 */
interface Mark {
  kind: StackKind;
  hasDotenv: boolean;
  path: string;
}

const DOTENV = ".env";

/** @param config where config.ini is */
function markOf(config: string, kind: StackKind, hasDotenv: boolean): Mark {
  const name = `before-restore-${kind}${hasDotenv ? "" : "-without-env"}.ini`;
  return { kind, hasDotenv, path: join(dirname(config), name) };
}

function findMark(config: string): Mark | undefined {
  const kinds: StackKind[] = ["native", "docker"];
  return kinds
    .flatMap((kind) => [markOf(config, kind, true), markOf(config, kind, false)])
    .find(({ path }) => existsSync(path));
}

/** The operator's config.ini: looked for once, as what a restore brings may say otherwise. A link to it stays a link. */
export function configInPlace(): string {
  const file = findConfigFile();
  return existsSync(file) ? realpathSync(file) : file;
}

/** Where there is the mark of a restore that did not come to its end, as a pattern (glob(7)). */
export function unfinishedPattern(kind: StackKind): string {
  return join(dirname(configInPlace()), `before-restore-${kind}*.ini`);
}

/** The stack whose restore did not come to its end. */
export function unfinishedRestore(): StackKind | undefined {
  return findMark(configInPlace())?.kind;
}

/** Also while it is still on its way: it starts what it has restored before it is sure of it. @throws {TemporaryError} */
export function refuseUnfinishedRestore(): void {
  if (unfinishedRestore() !== undefined)
    throw new TemporaryError("上一次恢复没有完成，请先执行 npm start，它会换回原来的数据");
}

/** From here on a restore can be taken back. @throws {StackError} where there is no config.ini */
export function putConfigAside(config: string, kind: StackKind): void {
  if (!existsSync(config)) throw new StackError(`找不到 ${config}：请先放一份 config.ini，再恢复`);
  const { path } = markOf(config, kind, existsSync(DOTENV));
  replace(path, readFileSync(config, "utf8"), config);
}

/** @param dotenv the archive's .env, which becomes the one here where there is none */
export function replaceConfig(config: string, text: string, dotenv: string | undefined): void {
  replace(config, text, config);
  if (dotenv === undefined || existsSync(DOTENV)) return;
  // Where config.ini is has been settled, whatever it was on the archive's machine.
  const settled = dotenv.replace(/^[ \t]*(export[ \t]+)?MONITORING_CONFIG[ \t]*=/gm, "# $&");
  writeFileSync(DOTENV, settled, { mode: 0o600, flush: true });
  syncFolder(".");
}

/** Services may read it at any moment; containers have another user, and root works for one. @param model whose it is to be */
function replace(path: string, text: string, model: string): void {
  replaceFile(path, text, { mode: statSync(model).mode & 0o7777, model });
}

/** As it was before the restore. */
export function bringConfigBack(config: string): void {
  const mark = findMark(config);
  if (mark === undefined) return;
  if (!mark.hasDotenv) {
    rmSync(DOTENV, { force: true });
    syncFolder(".");
  }
  renameSync(mark.path, config);
  syncFolder(dirname(config));
}

/** From here on a restore is final. */
export function forgetOldConfig(config: string): void {
  const mark = findMark(config);
  if (mark === undefined) return;
  rmSync(mark.path);
  syncFolder(dirname(config));
}
