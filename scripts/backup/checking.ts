import { parseConfig } from "../../config/config.ts";
import { ConfigError } from "../../config/config-error.ts";
import type { Report } from "../stack/report.ts";
import { readArchive } from "./archive.ts";
import { ArchiveError } from "./archive-error.ts";
import { CONFIG, DOTENV, type Manifest } from "./manifest.ts";

/** An archive that can be restored, and those of its files that are texts. */
export interface Checked {
  manifest: Manifest;
  config: string;
  dotenv: string | undefined;
}

/** Bytes of config.ini and .env together, which are kept in memory. */
const MOST_TEXT = 1024 * 1024;

/**
 * Reads an archive to its end before anything is touched.
 * @throws {ArchiveError} when this program cannot restore it
 */
export async function checkArchive(file: string, report: Report, signal: AbortSignal): Promise<Checked> {
  const step = report.begin("核对备份");
  const texts = new Map<string, Buffer[]>();
  let text: Buffer[] | undefined;
  let size = 0;
  try {
    const manifest = await readArchive(file, {
      begin(name) {
        signal.throwIfAborted();
        step.progress(name);
        text = name === CONFIG || name === DOTENV ? [] : undefined;
        if (text !== undefined) texts.set(name, text);
      },
      async write(piece) {
        if (text === undefined) return;
        size += piece.length;
        if (size > MOST_TEXT) throw new ArchiveError("里面的 config.ini 或 .env 大得不像设置");
        text.push(Buffer.from(piece));
      },
      async end() {},
    });
    const read = (name: string) => {
      const pieces = texts.get(name);
      return pieces && Buffer.concat(pieces).toString();
    };
    const config = read(CONFIG);
    if (config === undefined) throw new ArchiveError("里面没有 config.ini");
    parseConfig(config, "备份里的 config.ini");
    step.done(`${manifest.files.length} 个文件都完好`);
    return { manifest, config, dotenv: read(DOTENV) };
  } catch (error) {
    step.fail("不能用");
    if (signal.aborted) throw error;
    if (!(error instanceof ArchiveError || error instanceof ConfigError)) throw error;
    throw new ArchiveError(`不能从 ${file} 恢复：${error.message}`, { cause: error });
  }
}
