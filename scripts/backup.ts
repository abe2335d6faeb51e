import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { parseConfig } from "../config/config.ts";
import { openToContainers } from "./backup/disk-trouble.ts";
import { findAccess } from "./backup/finding.ts";
import { archiveName, rotate } from "./backup/rotation.ts";
import { saveArchive } from "./backup/saving.ts";
import { refuseUnfinishedRestore } from "./backup/unfinished.ts";
import { cli } from "./stack/cli.ts";
import { withLock } from "./stack/lock.ts";
import { PROJECT } from "./stack/project.ts";
import { createReport } from "./stack/report.ts";
import { shellWord } from "./stack/shell-word.ts";
import { tellSize } from "./stack/tell-size.ts";

/** npm run backup: everything that the stack remembers in one file, while it runs. */
async function backup(signal: AbortSignal): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      native: { type: "boolean" },
      docker: { type: "boolean" },
      "with-env": { type: "boolean", default: false },
      daily: { type: "boolean", default: false },
    },
  });
  process.chdir(PROJECT);
  process.umask(0o077);
  refuseUnfinishedRestore();
  const report = createReport(process.stdout);
  const dotenv = existsSync(".env") ? readFileSync(".env", "utf8") : "";
  const values = parseEnv(dotenv);
  const given = process.env.BACKUP_DIR || values.BACKUP_DIR;
  const folder = resolve(given || "backups");
  const { access, kind: stack } = await findAccess(options, report);
  const config = await access.config();
  const { timezone, backup: schedule } = parseConfig(config, "config.ini");
  const kind = options.daily ? "daily" : "backup";
  const now = new Date();
  const file = join(folder, archiveName(kind, now, timezone));
  const addition = {
    config,
    dotenv: (options["with-env"] && dotenv) || undefined,
    variables: Object.keys(values).filter((name) => values[name]),
  };
  const closed = stack === "docker" && given ? openToContainers(shellWord(folder)) : undefined;
  await saveArchive(file, (signal) => access.pack(addition, file, signal), { report, signal, closed });
  const size = tellSize(statSync(file).size);
  report.line(`✅ 已备份到 ${file}（${size}），恢复：npm run restore ${shellWord(file)}`);
  if (options["with-env"]) report.warn("备份里有 .env 的密钥：请像保管密码一样保管它");
  else report.line("   备份里没有 .env：其中的密钥请另外保管，或者加上 -- --with-env 一起备份");
  if (!options.daily) return;
  const removed = rotate(folder, { keep: Math.max(1, schedule.keep), timezone, now });
  if (removed.length > 0) report.line(`   已删除最旧的 ${removed.length} 份：${removed.join("、")}`);
}

const options = {
  usage: "npm run backup [-- --with-env] [-- --daily] [-- --native] [-- --docker]",
  refused: "没有留下备份。",
  words: { first: "正在中断备份，请稍候", second: "备份已结束，没写完的会在下一次备份时删除" },
};
await cli((signal) => withLock(join(PROJECT, ".stack"), () => backup(signal), "backup-lock"), options);
