import { join } from "node:path";
import { z } from "zod";
import { StackError, TemporaryError } from "../stack/project.ts";
import { dataDiskFull, isDiskFull } from "./disk-trouble.ts";
import { askServer, readAnswer, type ServerAnswer } from "./server-answer.ts";

/** Milliseconds: it writes what it has in memory to the disk, and a busy one has much. */
const TIMEOUT = 240_000;

const buildinfoSchema = z.object({ data: z.object({ version: z.string() }) });
const snapshotSchema = z.object({ data: z.object({ name: z.string().regex(/^[\w-]+$/) }) });
const errorSchema = z.object({ error: z.string() });

/**
 * Has a running Prometheus take a snapshot (https://prometheus.io/docs/prometheus/latest/querying/api/#snapshot).
 * @param data its folder
 * @returns its version, and the snapshot's folder
 * @throws {TemporaryError} while it starts
 */
export async function takeSnapshot(
  url: string,
  data: string,
  signal: AbortSignal,
): Promise<{ version: string; folder: string }> {
  const about = { server: "Prometheus", signal } as const;
  const buildinfo = await askServer({ url: `${url}/api/v1/status/buildinfo`, ...about });
  // It reads its log anew at each start, of a busy day for minutes.
  if (buildinfo.status === 503) throw new TemporaryError("Prometheus 还在启动，请过一分钟再备份");
  const { version } = readAnswer(buildinfo, buildinfoSchema).data;
  const path = "/api/v1/admin/tsdb/snapshot";
  const answer = await askServer({ url: url + path, method: "POST", timeout: TIMEOUT, ...about });
  if (answer.status !== 200) throw refusal(answer, data);
  return { version, folder: join(data, "snapshots", readAnswer(answer, snapshotSchema).data.name) };
}

function refusal(answer: ServerAnswer, data: string): StackError {
  const cause = new Error(readAnswer(answer, errorSchema).error);
  if (isDiskFull(cause)) return dataDiskFull(data, cause);
  const why = cause.message.includes("admin APIs disabled")
    ? "请先执行 npm start，让它打开快照功能，再备份"
    : `${cause.message}。请先执行 npm run doctor，照它说的办，再备份`;
  return new StackError(`Prometheus 没有做出快照（HTTP ${answer.status}）：${why}`, { cause });
}
