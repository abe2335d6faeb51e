import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs, parseEnv } from "node:util";
import { parseConfig } from "../config/config.ts";
import { type Checked, checkArchive } from "./backup/checking.ts";
import { findAccess, finishUnfinishedRestore } from "./backup/finding.ts";
import type { Manifest } from "./backup/manifest.ts";
import { restore } from "./backup/restoring.ts";
import { PART_TITLES, type PartName } from "./stack/addresses.ts";
import { cli } from "./stack/cli.ts";
import { withLock } from "./stack/lock.ts";
import { PROJECT, StackError } from "./stack/project.ts";
import { createReport, type Report } from "./stack/report.ts";
import { tellMoment } from "./stack/tell-time.ts";

const USAGE = "npm run restore [-- --yes] [-- --native] [-- --docker] 备份文件";

/** npm run restore FILE: the stack is what it was when the backup was made, or stays what it is. */
async function restoreFrom(signal: AbortSignal): Promise<void> {
  const { values: options, positionals } = parseArgs({
    options: { native: { type: "boolean" }, docker: { type: "boolean" }, yes: { type: "boolean" } },
    allowPositionals: true,
  });
  const [name] = positionals;
  if (name === undefined || positionals.length > 1) throw new StackError(`用法：${USAGE}`);
  // npm runs this in the project's folder, wherever the operator is.
  const file = resolve(process.env.INIT_CWD ?? "", name);
  process.chdir(PROJECT);
  process.umask(0o077);
  const report = createReport(process.stdout);
  const checked = await checkArchive(file, report, signal);
  await finishUnfinishedRestore(report);
  const { access, kind } = await findAccess(options, report);
  describe(checked, report);
  if (!options.yes) await confirm(access.isRunning, signal);
  const hasDotenv = existsSync(".env");
  await restore({ file, checked, access, kind, report, signal });
  report.line(
    `✅ 已恢复${access.isRunning ? "，监控系统在运行" : "。监控系统原来就没有在运行，启动：npm start"}`,
  );
  if (hasDotenv && checked.dotenv !== undefined) {
    report.line("   备份里的 .env 没有用上，因为这里已经有一份");
  }
  describeMissing(checked.manifest, report);
}

function describe({ manifest, config }: Checked, report: Report): void {
  const { timezone } = parseConfig(config, "config.ini");
  const made = tellMoment(Date.parse(manifest.createdAt), timezone);
  report.line(`   备份做于 ${made}（程序 ${manifest.version}）`);
  const missing = (Object.keys(PART_TITLES) as PartName[]).filter(
    (part) => !manifest.files.some(({ name }) => name.startsWith(`${part}/`)),
  );
  if (missing.length > 0)
    report.line(
      `   备份里没有 ${missing.map((part) => PART_TITLES[part]).join("、")} 的数据，这里现有的保持不变`,
    );
}

async function confirm(isRunning: boolean, signal: AbortSignal): Promise<void> {
  const warning = `现有的监控数据、告警历史、静默和 config.ini 都会换成备份里的${isRunning ? "，期间监控停一会儿" : ""}。`;
  if (!process.stdin.isTTY)
    throw new StackError(`${warning}\n确认要恢复，请加上 --yes：npm run restore -- --yes 备份文件`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(
      `${warning}\n要留一份现有的，先执行 npm run backup。输入“恢复”继续：`,
      { signal },
    );
    if (answer.trim() !== "恢复") throw new StackError("没有恢复");
  } finally {
    terminal.close();
  }
}

/** On another machine .env is another. */
function describeMissing({ variables }: Manifest, report: Report): void {
  const present = existsSync(".env") ? parseEnv(readFileSync(".env", "utf8")) : {};
  // config.ini is where it is here.
  const missing = variables.filter((name) => !present[name] && name !== "MONITORING_CONFIG");
  if (missing.length > 0)
    report.warn(`备份时 .env 里有、现在没有的：${missing.join("、")}。填好后执行 npm start`);
}

const work = (signal: AbortSignal) => () => restoreFrom(signal);
const folder = join(PROJECT, ".stack");
await cli((signal) => withLock(folder, () => withLock(folder, work(signal), "backup-lock")), {
  usage: USAGE,
  refused: "什么都没有改动。",
});
