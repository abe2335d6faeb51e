import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../../config/config.ts";
import { configFile, readPublicUrls } from "../../config/environment.ts";
import { dailyArchives, isDue } from "./rotation.ts";

/** Milliseconds between two looks at the clock, and between two attempts. */
const EVERY = 60_000;
const RETRY = 3600_000;

/**
 * Makes the daily backups, by the command that it is given, until it is stopped. One that was missed is made up for.
 * While the last one has failed, Alertmanager is told so each minute.
 */
async function daily(command: string[], signal: AbortSignal): Promise<void> {
  const { env } = process;
  const { backup, timezone, metricsPort } = readConfig(configFile(env));
  const runbook = `${readPublicUrls(env, metricsPort).exporter}/runbooks/BackupFailed`;
  const tell = (problem: string, end: Date) => tellAlertmanager(env.ALERTMANAGER_URL, problem, runbook, end);
  const folder = env.BACKUP_DIR ?? "backups";
  let attempted = Number.NEGATIVE_INFINITY;
  let problem: string | undefined;
  while (!signal.aborted) {
    const newest = dailyArchives(folder).at(-1);
    if (performance.now() - attempted >= RETRY && isDue(newest, backup.hour, timezone, new Date())) {
      attempted = performance.now();
      const before = problem;
      problem = await run(command, signal);
      if (before !== undefined && problem === undefined) await tell(before, new Date());
    }
    if (problem !== undefined) await tell(problem, new Date(Date.now() + 5 * EVERY));
    await sleep(EVERY, undefined, { signal }).catch(() => {});
  }
}

/** @returns why it failed, as it says itself */
async function run(command: string[], signal: AbortSignal): Promise<string | undefined> {
  process.stdout.write(`${new Date().toISOString()} 每日备份\n`);
  const child: ChildProcess = spawn(process.execPath, command, { stdio: ["ignore", "inherit", "pipe"] });
  let words = "";
  child.stderr?.on("data", (text: Buffer) => {
    process.stderr.write(text);
    words = (words + text).slice(-1000);
  });
  const stop = () => child.kill();
  signal.addEventListener("abort", stop);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  signal.removeEventListener("abort", stop);
  if (code === 0 || signal.aborted) return undefined;
  return words.split("❌").at(-1)?.trim() || `退出码 ${code}`;
}

/** By an alert of Alertmanager's, like everything else that people are to hear of. @param end when it is over */
async function tellAlertmanager(
  url: string | undefined,
  problem: string,
  runbook: string,
  end: Date,
): Promise<void> {
  if (url === undefined) return;
  const alert = {
    labels: { alertname: "BackupFailed", severity: "warning" },
    annotations: {
      summary: "每日备份没有成功",
      description: `${problem}\n每小时会再试一次；也可以在服务器上执行 npm run backup 看原因。`,
      runbook_url: runbook,
    },
    endsAt: end.toISOString(),
  };
  await fetch(`${url}/api/v2/alerts`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify([alert]),
    signal: AbortSignal.timeout(10_000),
  }).catch((error: Error) => process.stderr.write(`Alertmanager 没有应答：${error.message}\n`));
}

const stopped = new AbortController();
for (const name of ["SIGTERM", "SIGINT"]) process.once(name, () => stopped.abort());
await daily(process.argv.slice(2), stopped.signal);
