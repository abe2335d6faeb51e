import { join } from "node:path";
import { dailyArchives, dailyOnes, isDue } from "../backup/rotation.ts";
import { composeEnv, createCompose } from "../stack/compose-cli.ts";
import { logCommand, type StackView } from "../stack/view.ts";
import { type Check, type Finding, ok, problem, unchecked } from "./check.ts";

/** Milliseconds for making one. */
const PATIENCE = 2 * 3600_000;

const WITHOUT = "硬盘坏了，只能恢复到上一次备份";

/** That daily backups are made, where config.ini asks for them: what makes them cannot tell that it is dead. */
export const backupCheck: Check = {
  name: "backup",
  title: "备份",
  question: "starting",
  async run(view): Promise<Finding[]> {
    const { timezone, backup } = view.settings.config;
    if (backup.keep === 0 || view.runtime.kind === "stopped") return [];
    const part = view.runtime.parts.backup;
    if (!part?.isRunning)
      return [problem("每日备份没有在运行", WITHOUT, `npm start；原因看 ${logCommand(view, "backup")}`)];
    const archives = await list(view);
    if (archives === undefined) return [unchecked("每日备份", "备份的容器没有应答")];
    const newest = archives.at(-1);
    if (!isDue(newest, backup.hour, timezone, new Date(view.clock.now() - PATIENCE))) {
      return [ok(newest === undefined ? "第一份每日备份还没有到时间" : `最近一次每日备份 ${newest}`)];
    }
    const what = `该做的每日备份没有做成，${newest === undefined ? "还一份都没有" : `最近一次是 ${newest}`}`;
    // What was missed is made up for at its start.
    if (view.clock.now() - part.since < PATIENCE) return [unchecked(what, "刚启动，正在补做，过一会儿再查")];
    return [problem(what, WITHOUT, "npm run backup，会说明原因和办法")];
  },
};

/** @returns the daily archives, oldest first; undefined where nobody tells */
async function list({ runtime, project, settings }: StackView): Promise<string[] | undefined> {
  if (runtime.kind === "native") return dailyArchives(settings.env.BACKUP_DIR || join(project, "backups"));
  const compose = createCompose(project, composeEnv(project, settings));
  const said = await compose.ask("exec", "-T", "backup", "ls", "/backups").catch(() => undefined);
  return said === undefined ? undefined : dailyOnes(said.split("\n"));
}
