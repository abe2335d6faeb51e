import { existsSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { readConfigFile } from "../../config/config.ts";
import { cli } from "../stack/cli.ts";
import { StackError } from "../stack/project.ts";
import { createReport } from "../stack/report.ts";
import type { Addition } from "./access.ts";
import type { RunningServers } from "./collecting.ts";
import { archiveRemedies, diskTrouble, openToContainers } from "./disk-trouble.ts";
import { discard, putBack, swap, unpack } from "./exchange.ts";
import { pack } from "./packing.ts";
import { archiveName, rotate } from "./rotation.ts";
import { saveArchive, scratchOf } from "./saving.ts";
import { VOLUMES } from "./storage.ts";
import { withVolumeLock } from "./volume-lock.ts";

/** What npm run backup tells the container. */
export interface VolumeRequest extends Addition {
  servers: (keyof RunningServers)[];
}

const BACKUPS = "/backups";
const SERVERS: Required<RunningServers> = {
  prometheus: process.env.PROMETHEUS_URL ?? "",
  alertmanager: process.env.ALERTMANAGER_URL ?? "",
};
const CLOSED = `${openToContainers("目录")}（容器里的 ${BACKUPS} 是 .env 里 BACKUP_DIR 的目录）`;

/**
 * Milliseconds that a step waits for the end of another one: each removes what the other makes on its way. A container
 * goes on for a while when the command on the host was killed. `discard` does not wait: the stack runs again by then, and
 * its daily backup, which may be due, takes long.
 */
const PATIENCE: Partial<Record<string, number>> = {
  pack: 0,
  daily: 0,
  unpack: 0,
  swap: 60_000,
  "put-back": 60_000,
};

/** A step on the volumes, in a container of docker-compose.yml's service `backup`. */
async function work(signal: AbortSignal): Promise<void> {
  process.umask(0o007);
  // Standard output is for the archive.
  const report = createReport(process.stderr);
  const packTo = (file: string, { servers: names, ...addition }: VolumeRequest) => {
    const servers = Object.fromEntries(names.map((name) => [name, SERVERS[name]]));
    return pack({ storage: VOLUMES, servers, scratch: scratchOf(file), ...addition, report, signal });
  };
  const steps: Record<string, () => Promise<void> | void> = {
    async pack() {
      const request = JSON.parse(await text(process.stdin)) as VolumeRequest;
      try {
        await pipeline(packTo(join(BACKUPS, "streamed"), request), process.stdout, { signal });
      } catch (error) {
        throw diskTrouble(error, archiveRemedies(BACKUPS, CLOSED));
      }
    },
    unpack: () => unpack("/dev/stdin", VOLUMES, { report, signal }),
    swap: () => swap(VOLUMES),
    "put-back": () => putBack(VOLUMES),
    discard: () => discard(VOLUMES),
    /** Both servers belong to the stack: one that does not answer is a failure. */
    async daily() {
      const { config, text: configText } = readConfigFile("/rendered/current/config.ini");
      const { timezone, backup } = config;
      const now = new Date();
      const file = join(BACKUPS, archiveName("daily", now, timezone));
      const request: VolumeRequest = {
        servers: ["prometheus", "alertmanager"],
        config: configText,
        dotenv: undefined,
        variables: [],
      };
      await saveArchive(file, () => packTo(file, request), { report, signal, closed: CLOSED });
      rotate(BACKUPS, { keep: Math.max(1, backup.keep), timezone, now });
    },
  };
  const [, , name = ""] = process.argv;
  const step = steps[name];
  if (step === undefined || !existsSync(VOLUMES.exporter)) throw new StackError("只在 backup 容器里使用");
  const patience = PATIENCE[name];
  if (patience === undefined) await step();
  else await withVolumeLock(VOLUMES.prometheus, patience, step);
}

await cli(work);
