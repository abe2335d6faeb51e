import { join } from "node:path";
import { StackError } from "./project.ts";
import type { Rendering } from "./render.ts";
import type { Report } from "./report.ts";
import { run } from "./run.ts";
import type { Servers } from "./servers.ts";

/** What checks a rendering: the server it comes with, its name, its arguments; files are named from the rendering. */
export const CHECKS = [
  ["prometheus", "promtool", "check", "config", "prometheus/prometheus.yml"],
  ["alertmanager", "amtool", "check-config", "alertmanager/alertmanager.yml"],
] as const;

/**
 * By the servers' own tools, before anybody reads it.
 * @throws {StackError} with what they say
 */
export async function checkRendering({ folder }: Rendering, servers: Servers, report: Report): Promise<void> {
  const step = report.begin("检查配置");
  for (const [server, tool, ...args] of CHECKS) {
    const program = servers[server]?.tool;
    if (program === undefined) continue;
    const words = args.map((arg) => (arg.includes("/") ? join(folder, arg) : arg));
    await run(program, words).catch((error: Error) => {
      step.fail("没有通过");
      throw new StackError(`${tool} 不接受这份配置：\n${findings(error, folder)}`);
    });
  }
  step.done("config.ini、规则、告警路由都没有问题");
}

/** That it looks at a file, what is in order, and that something is not. */
const NOISE = /^\s*(Checking |SUCCESS|FAILED:?$|amtool: error: failed to validate \d+ file)/;

/**
 * What a checking tool found, without what it found in order, its files named as the operator knows them.
 * @param error of run()
 */
export function findings(error: Error, folder: string): string {
  const { stdout = "", stderr = "" } = (error.cause ?? {}) as { stdout?: string; stderr?: string };
  const lines = `${stdout}\n${stderr}`.replaceAll(`${folder}/`, "").split("\n");
  const telling = lines
    // amtool puts the reason on the line that names the file.
    .map((line) => line.replace(/^\s*Checking '?(.*?)'?\s+FAILED:\s*/, "$1: "))
    .filter((line) => line.trim() !== "" && !NOISE.test(line));
  return [...new Set(telling.map((line) => line.trim()))].join("\n") || error.message;
}
