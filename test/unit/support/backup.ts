import { Readable } from "node:stream";
import { packArchive, type Source } from "../../../scripts/backup/archive.ts";
import type { Facts } from "../../../scripts/backup/manifest.ts";
import { saveArchive } from "../../../scripts/backup/saving.ts";
import type { Report } from "../../../scripts/stack/report.ts";

/** Tells nobody. */
export const SILENT: Report = {
  begin: () => ({ progress() {}, done() {}, fail() {} }),
  line() {},
  warn() {},
};

export const FACTS: Facts = { servers: {}, databases: {}, variables: [] };

/** Writes an archive as npm run backup does. */
export async function saveSources(
  file: string,
  sources: Source[],
  { facts = FACTS, signal = new AbortController().signal } = {},
): Promise<void> {
  const pack = () =>
    Readable.from(
      packArchive(Readable.from(sources) as AsyncIterable<Source>, () => facts),
      { objectMode: false },
    );
  await saveArchive(file, pack, { report: SILENT, signal });
}
