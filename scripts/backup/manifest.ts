import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { migrationFiles } from "../../service/database.ts";
import { PROJECT } from "../stack/project.ts";
import { ArchiveError } from "./archive-error.ts";

/** The last file of an archive, as only then every checksum is known. */
export const MANIFEST = "manifest.json";
/** config.ini as it was in force. */
export const CONFIG = "config.ini";
/** .env, where the operator asked for it. */
export const DOTENV = "env";

/** Grows when an older program would restore an archive wrongly. */
const FORMAT = 1;

/** Where each database's migrations are, by its name in an archive. */
export const MIGRATIONS: Record<string, string> = {
  "exporter/events.db": "exporter/events/migrations",
  "relay/relay.db": "alertmanager/relay/outbox/migrations",
};

/** Nothing else is ever unpacked: no name leads out of its folder. */
const NAMES =
  /^(config\.ini|env|exporter\/events\.db|relay\/relay\.db|grafana\/grafana\.db|alertmanager\/(silences|nflog)|prometheus(\/(?!\.)[\w.-]+)+)$/;

const fileSchema = z.object({
  name: z.string().regex(NAMES),
  size: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  /** Of this program. */
  version: z.string(),
  createdAt: z.iso.datetime(),
  /** Of Prometheus, Alertmanager, Grafana, as far as they ran. */
  servers: z.record(z.string(), z.string()),
  /** Versions of the databases' schemas. */
  databases: z.record(z.string(), z.int()),
  /** What was set in .env; never the values. */
  variables: z.array(z.string()),
  files: z.array(fileSchema),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ArchivedFile = z.output<typeof fileSchema>;
/** What a manifest says besides the files. */
export type Facts = Omit<Manifest, "files" | "format" | "version" | "createdAt">;

export function createManifest(facts: Facts, files: ArchivedFile[], now: Date): Manifest {
  const { version } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as { version: string };
  return { format: FORMAT, version, createdAt: now.toISOString(), ...facts, files };
}

/** @throws {ArchiveError} for what is damaged, or newer than this program */
export function parseManifest(text: string): Manifest {
  const value = parseJson(text);
  const format = z.object({ format: z.int() }).safeParse(value).data?.format;
  if (format !== undefined && format > FORMAT) throw newer("备份的格式", format, FORMAT);
  const { data: manifest, error } = manifestSchema.safeParse(value);
  if (error) throw new ArchiveError("清单已损坏", { cause: error });
  for (const [name, version] of Object.entries(manifest.databases)) {
    const known = Object.hasOwn(MIGRATIONS, name) ? knownVersion(name) : 0;
    if (version > known) throw newer(`数据库 ${name} 的版本`, version, known);
  }
  return manifest;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ArchiveError("清单已损坏", { cause });
  }
}

function newer(what: string, theirs: number, ours: number): ArchiveError {
  return new ArchiveError(`${what}是 ${theirs}，这里的程序只认识到 ${ours}：请先把程序更新到备份时的版本`);
}

/** The version that a database of MIGRATIONS has under this program. */
export function knownVersion(name: string): number {
  return migrationFiles(join(PROJECT, MIGRATIONS[name] ?? "")).length;
}

/** Whether this program would ever unpack a file of this name. */
export function isArchiveName(name: string): boolean {
  return NAMES.test(name);
}
