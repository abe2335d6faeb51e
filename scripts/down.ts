import { join } from "node:path";
import { cli } from "./stack/cli.ts";
import { findEngine, hasContainers, stopCompose } from "./stack/compose.ts";
import { withLock } from "./stack/lock.ts";
import { stopNative } from "./stack/native.ts";
import { PROJECT, statePaths } from "./stack/project.ts";
import { createReport } from "./stack/report.ts";

/** npm stop: ends exactly what npm start began; the data stays. */
async function down(signal: AbortSignal): Promise<void> {
  process.chdir(PROJECT);
  const report = createReport(process.stdout);
  const stopped = await stopNative(statePaths(join(PROJECT, ".stack")), report, signal);
  const composed = "version" in (await findEngine()) && (await hasContainers(PROJECT));
  if (composed) await stopCompose(PROJECT);
  report.line(stopped > 0 || composed ? "监控系统已停止，数据都已保留" : "监控系统没有在运行");
}

await cli((signal) => withLock(join(PROJECT, ".stack"), () => down(signal)), {
  usage: "npm stop",
  takesNothing: true,
});
