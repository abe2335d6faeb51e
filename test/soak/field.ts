import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProcessRecord, runningProcesses } from "../../scripts/stack/processes.ts";
import { statePaths } from "../../scripts/stack/project.ts";
import { serve } from "../../service/http.ts";
import { accelerate } from "../helpers/accelerate.ts";
import { cannotMount } from "../helpers/mounting.ts";
import { createTestStack, type TestStack } from "../helpers/stack.ts";
import { startWecomServer, type WecomMessage } from "../helpers/wecom-server.ts";
import { sample } from "../unit/support/exporter.ts";
import type { Sizes } from "./figures.ts";

/** What passes in the soak, in the stack's own time. */
const FACTOR = 30;
/** One tells 20 messages a minute; WeCom's minute is as long as ever. */
const KEYS = ["soak-robot-one", "soak-robot-two", "soak-robot-three", "soak-robot-four"];
/** Milliseconds for which the probed service answers, and then does not. */
const SERVICE_TURN = 60_000;

/** A running stack with what it tells, what it probes and the disk it writes to. */
export interface Field {
  stack: TestStack;
  /** Everything that WeCom took. */
  messages(): WecomMessage[];
  /** The disk that holds all its data; undefined where nothing can be mounted. */
  disk: string | undefined;
  /** Nobody answers at WeCom's address, for milliseconds. */
  loseWecom(duration: number, wait: (duration: number) => Promise<unknown>): Promise<void>;
  processes(): ProcessRecord[];
  sizes(): Sizes;
  /** Notifications that wait. */
  pending(): Promise<number>;
  remove(): Promise<void>;
}

export async function prepareField(): Promise<Field> {
  const earlier: WecomMessage[] = [];
  let wecom = await startWecomServer(KEYS);
  const port = Number(new URL(wecom.url).port);
  const service = await startUnsteadyService();
  const stack = await createTestStack({ WECOM_ROBOT_KEY: KEYS.join(), WECOM_API_BASE: wecom.url });
  const paths = statePaths(join(stack.folder, ".stack"));
  const disk = cannotMount() ? undefined : mountData(paths.data);
  stack.configure((text) =>
    `${text}unsteady = ${service.url}/\n`
      .replaceAll(/^(alert_threshold_(?:cpu|memory|disk)) = \d+/gm, "$1 = 100")
      .replace(/^collect_interval = \d+/m, "collect_interval = 1"),
  );
  accelerate(stack.folder, FACTOR);

  const field: Field = {
    stack,
    messages: () => [...earlier, ...wecom.messages],
    disk,
    async loseWecom(duration, wait) {
      await wecom.close();
      earlier.push(...wecom.messages);
      await wait(duration);
      wecom = await startWecomServer(KEYS, port);
    },
    processes: () => runningProcesses(paths),
    sizes: () => sizes(paths.data, paths.logs),
    async pending() {
      const scrape = await fetch(`${stack.urls.relay}/metrics`).then((answer) => answer.text());
      return sample(scrape, 'relay_outbox_pending{channel="wecom"}') ?? Number.NaN;
    },
    async remove() {
      await stack.down();
      await Promise.all([wecom.close(), service.close()]);
      if (disk !== undefined) execFileSync("umount", ["--lazy", disk]);
      await stack.remove();
      if (disk !== undefined) rmSync(disk, { recursive: true, force: true });
    },
  };
  const { code, output } = await stack.up();
  if (code === 0) return field;
  await field.remove();
  throw new Error(output);
}

function startUnsteadyService() {
  return serve(
    (_, response) => {
      const isUp = Math.floor(Date.now() / SERVICE_TURN) % 2 === 0;
      response.writeHead(isUp ? 200 : 503).end();
    },
    "127.0.0.1",
    0,
  );
}

/** In memory; what it holds is small. */
function mountData(folder: string): string {
  const disk = mkdtempSync(join(tmpdir(), "monitoring-soak-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1g,mode=0700", "tmpfs", disk]);
  mkdirSync(join(folder, ".."), { recursive: true });
  symlinkSync(disk, folder);
  return disk;
}

function sizes(data: string, logs: string): Sizes {
  const sums: Sizes = { logs: megabytes(logs) };
  for (const file of readdirSync(data)) {
    // A database and its log are one.
    const name = file.replace(/-(wal|shm)$/, "");
    sums[name] = (sums[name] ?? 0) + megabytes(join(data, file));
  }
  return sums;
}

/** Files may go while they are counted. */
function megabytes(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size / 1e6;
  return readdirSync(path).reduce((sum, name) => sum + megabytes(join(path, name)), 0);
}
