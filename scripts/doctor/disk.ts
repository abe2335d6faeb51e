import { accessSync, constants, existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { composeEnv, createCompose } from "../stack/compose-cli.ts";
import { query } from "../stack/query.ts";
import type { StackView } from "../stack/view.ts";
import { type Check, type Finding, ok, problem, unchecked } from "./check.ts";

const GIB = 1024 ** 3;
/** For everything else: logs, the outbox, what Prometheus writes anew before it drops the old. */
const RESERVE = GIB;
/** Of one sample on disk; 1 to 2 (https://prometheus.io/docs/prometheus/latest/storage/#operational-aspects). */
const BYTES_PER_SAMPLE = 2;
const DAY = 24 * 3600;

const DU = "du -xh / | sort -h | tail -20";
const WHAT_IS_BIG = { native: DU, stopped: DU, compose: "docker system df" };

/** That the data can be written, and that the disk holds all that is to be kept. */
export const diskCheck: Check = {
  name: "disk",
  title: "硬盘",
  question: "measuring",
  async run(view): Promise<Finding[]> {
    const free = view.runtime.kind === "compose" ? await freeInVolume(view) : await freeInFolder(view);
    if (typeof free !== "number") return [free];
    if (free < RESERVE) {
      return [
        problem(
          `放数据的硬盘只剩 ${tell(free)}`,
          "写满后数据和告警都会停",
          `清理硬盘：df -h、${WHAT_IS_BIG[view.runtime.kind]}；或者减小 config.ini 的 retention_days`,
        ),
      ];
    }
    return [await judgeRetention(view, free)];
  },
};

async function freeInFolder({ paths, runtime }: StackView): Promise<number | Finding> {
  const folder = nearest(paths.data);
  try {
    // What is no folder is refused by the slash.
    accessSync(`${folder}/`, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return problem(
      `写不了数据目录 .stack（${code}）`,
      runtime.kind === "stopped" ? "启动不了" : "数据和告警都会停",
      "ls -ld . .stack .stack/data 看是谁的，用那个用户执行；只读的硬盘先修好",
    );
  }
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** The folder itself, or the one in which it would be made. */
function nearest(folder: string): string {
  return existsSync(folder) ? folder : nearest(dirname(folder));
}

async function freeInVolume({ project, settings }: StackView): Promise<number | Finding> {
  const compose = createCompose(project, composeEnv(project, settings));
  const said = await compose.ask("exec", "-T", "prometheus", "df", "-Pk", "/prometheus").catch(() => "");
  const kilobytes = Number(said.trim().split("\n").at(-1)?.split(/\s+/)[3]);
  return Number.isNaN(kilobytes) ? unchecked("硬盘空间", "Prometheus 的容器没有应答") : kilobytes * 1024;
}

/** Prometheus's own figures: what it takes in now, for as long as it is to be kept, less what it holds already. */
async function judgeRetention({ ask, settings: { config } }: StackView, free: number): Promise<Finding> {
  const newest = async (expression: string) => (await query(ask, expression).catch(() => []))[0];
  // Both at once: one after the other they would use up the time of a check where Prometheus hangs.
  const [rate, held] = await Promise.all([
    newest("rate(prometheus_tsdb_head_samples_appended_total[1h])"),
    newest("prometheus_tsdb_storage_blocks_bytes"),
  ]);
  if (rate === undefined)
    return unchecked("硬盘够不够保留期用", `Prometheus 没有应答或刚启动；硬盘现在剩 ${tell(free)}`);
  const whole = rate.value * BYTES_PER_SAMPLE * config.retentionDays * DAY;
  const needed = Math.max(0, whole - (held?.value ?? 0));
  if (needed + RESERVE <= free)
    return ok(`硬盘剩 ${tell(free)}，保留 ${config.retentionDays} 天还要约 ${tell(needed)}`);
  const days = Math.floor((free - RESERVE + (held?.value ?? 0)) / (whole / config.retentionDays));
  return problem(
    `硬盘剩 ${tell(free)}，保留 ${config.retentionDays} 天还要约 ${tell(needed)}`,
    "到时候会写满，数据和告警都会停",
    `把 config.ini 的 retention_days 改成 ${Math.max(1, days)} 以下，再执行 npm run apply；或者换大硬盘`,
  );
}

function tell(bytes: number): string {
  return bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GB` : `${Math.ceil(bytes / 1024 ** 2)} MB`;
}
