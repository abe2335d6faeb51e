import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { readConfig } from "../../config/config.ts";
import { cli } from "../stack/cli.ts";
import { StackError } from "../stack/project.ts";
import { createReport } from "../stack/report.ts";
import type { Addition } from "./access.ts";
import { packArchive } from "./archive.ts";
import { collect, type RunningServers } from "./collecting.ts";
import { discard, putBack, swap, unpack } from "./exchange.ts";
import type { Facts } from "./manifest.ts";
import { archiveName, rotate } from "./rotation.ts";
import { saveArchive, scratchOf } from "./saving.ts";
import { volumeStorage } from "./storage.ts";

/** What npm run backup tells the container. */
export interface VolumeRequest extends Addition {
  servers: (keyof RunningServers)[];
}

const BACKUPS = "/backups";
const SERVERS: Required<RunningServers> = {
  prometheus: process.env.PROMETHEUS_URL ?? "",
  alertmanager: process.env.ALERTMANAGER_URL ?? "",
};

/** A step on the volumes, in a container of docker-compose.yml's service `backup`. */
async function work(signal: AbortSignal): Promise<void> {
  process.umask(0o007);
  const storage = volumeStorage();
  // Standard output is for the archive.
  const report = createReport(process.stderr);
  const pack = (request: VolumeRequest, file: string) => {
    const facts: Facts = { servers: {}, databases: {}, variables: [] };
    const servers = Object.fromEntries(request.servers.map((name) => [name, SERVERS[name]]));
    const options = { storage, ...request, servers, scratch: scratchOf(file), report, signal };
    return Readable.from(
      packArchive(collect(options, facts), () => facts),
      { objectMode: false },
    );
  };
  const steps: Record<string, () => Promise<void> | void> = {
    async pack() {
      const request = JSON.parse(await text(process.stdin)) as VolumeRequest;
      const file = join(BACKUPS, "streamed");
      await pipeline(pack(request, file), process.stdout, { signal }).finally(() =>
        rmSync(scratchOf(file), { recursive: true, force: true }),
      );
    },
    async unpack() {
      const step = report.begin("解开备份，放在现有数据旁边");
      await unpack("/dev/stdin", storage, { signal, progress: step.progress });
      step.done();
    },
    swap: () => swap(storage),
    "put-back": () => putBack(storage),
    discard: () => discard(storage),
    /** Both servers belong to the stack: one that does not answer is a failure. */
    async daily() {
      const { timezone, backup } = readConfig(storage.config);
      const file = join(BACKUPS, archiveName("daily", new Date(), timezone));
      const request: VolumeRequest = {
        servers: ["prometheus", "alertmanager"],
        dotenv: undefined,
        variables: [],
      };
      await saveArchive(file, () => pack(request, file), { report, signal });
      rotate(BACKUPS, Math.max(1, backup.keep));
    },
  };
  const step = steps[process.argv[2] ?? ""];
  if (step === undefined || !existsSync(storage.roots[0] ?? ""))
    throw new StackError("只在 backup 容器里使用");
  await step();
}

await cli(work);
