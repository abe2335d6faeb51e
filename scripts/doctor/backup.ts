import { join } from "node:path";
import {
  type DailyArchive,
  dailyArchives,
  dailyOnes,
  isAhead,
  isDue,
  newestName,
} from "../backup/rotation.ts";
import { composeEnv, createCompose } from "../stack/compose-cli.ts";
import { oneLine } from "../stack/printable.ts";
import { StackError } from "../stack/project.ts";
import { shellWord } from "../stack/shell-word.ts";
import { logCommand, type PartState, type StackView } from "../stack/view.ts";
import { type Check, type Finding, hint, ok, problem, unchecked } from "./check.ts";

/** Milliseconds for making one. */
const PATIENCE = 2 * 3600_000;

const WITHOUT = "硬盘坏了，只能恢复到上一次备份";

/** That daily backups are made, where config.ini asks for them: what makes them cannot tell that it is dead. */
export const backupCheck: Check = {
  name: "backup",
  title: "备份",
  question: "starting",
  async run(view): Promise<Finding[]> {
    if (view.settings.config.backup.keep === 0 || view.runtime.kind === "stopped") return [];
    const part = view.runtime.parts.backup;
    if (!part?.isRunning)
      return [problem("每日备份没有在运行", WITHOUT, `npm start；原因看 ${logCommand(view, "backup")}`)];
    const [archives, reason] = await Promise.all([list(view), askWhy(view)]);
    if (!Array.isArray(archives)) return [archives];
    return [judge(view, archives, { part, reason }), ...judgeStrange(view, archives)];
  },
};

/** @returns the daily archives, oldest first, or why they cannot be told */
async function list(view: StackView): Promise<DailyArchive[] | Finding> {
  if (view.runtime.kind === "compose") return listInContainer(view);
  try {
    return dailyArchives(folderOf(view));
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    return problem(`每日备份做不成：${error.message}`, WITHOUT, "改好后执行 npm run backup，看能不能做成");
  }
}

function folderOf({ project, settings }: StackView): string {
  return settings.env.BACKUP_DIR || join(project, "backups");
}

async function listInContainer({ project, settings }: StackView): Promise<DailyArchive[] | Finding> {
  const compose = createCompose(project, composeEnv(project, settings));
  const said = await compose.ask("exec", "-T", "backup", "ls", "-ln", "/backups").catch(() => undefined);
  if (said === undefined) return unchecked("每日备份", "备份的容器没有应答");
  const sizes = new Map(
    said.split("\n").map((line) => {
      const words = line.split(/\s+/);
      return [words.at(-1) ?? "", Number(words[4])];
    }),
  );
  return dailyOnes([...sizes.keys()]).map((name) => ({ name, size: sizes.get(name) ?? 0 }));
}

/** What people are told for as long as the last attempt has failed (scripts/backup/failure-alert.ts). */
async function askWhy({ ask }: StackView): Promise<string | undefined> {
  const path = `/api/v2/alerts?${new URLSearchParams({ filter: 'alertname="BackupFailed"' })}`;
  const alerts = await ask
    .json<{ annotations: { description?: string } }[]>("alertmanager", path)
    .catch(() => []);
  return alerts[0]?.annotations.description;
}

function judge(
  { clock, settings }: StackView,
  archives: DailyArchive[],
  { part, reason }: { part: PartState; reason: string | undefined },
): Finding {
  const { timezone, backup } = settings.config;
  const now = clock.now();
  const newest = newestName(archives, timezone, new Date(now));
  const isMissed = (patience: number) => isDue(newest, backup.hour, timezone, new Date(now - patience));
  const what = `该做的每日备份没有做成，${newest === undefined ? "还一份都没有" : `最近一次是 ${newest}`}`;
  if (reason !== undefined && isMissed(0)) {
    return problem(
      `${what}。原因：${oneLine(reason)}`,
      WITHOUT,
      "照原因里说的办；还不行看 docs/runbooks/BackupFailed.md",
    );
  }
  if (!isMissed(PATIENCE)) return ok(`最近一次每日备份 ${newest}`);
  // What was missed is made up for at its start.
  if (now - part.since < PATIENCE) return unchecked(what, "刚启动，正在补做，过一会儿再查");
  return problem(what, WITHOUT, "npm run backup，会说明原因和办法");
}

/** Those that do not stand for a day. */
function judgeStrange(view: StackView, archives: DailyArchive[]): Finding[] {
  const now = new Date(view.clock.now());
  const { timezone } = view.settings.config;
  const empty = archives.filter(({ size }) => size === 0);
  const ahead = archives.filter((archive) => archive.size > 0 && isAhead(archive, timezone, now));
  return [
    ...(empty.length > 0 ? [tellEmpty(view, empty)] : []),
    ...(ahead.length > 0 ? [tellAhead(view, ahead)] : []),
  ];
}

function tellEmpty(view: StackView, archives: DailyArchive[]): Finding {
  return problem(
    `每日备份是空文件：${tell(archives)}`,
    "从它恢复不了，那一天没有备份",
    `检查硬盘：dmesg | tail；再删掉空文件：${remove(view, archives)}`,
  );
}

function tellAhead(view: StackView, archives: DailyArchive[]): Finding {
  return hint(
    `每日备份的时间在将来：${tell(archives)}`,
    "是这台机器的时间快了的时候做的，不算数，也不会自动删除",
    `先看现在的时间对不对：timedatectl；对，而且不再需要它，就删掉：${remove(view, archives)}`,
  );
}

function tell(archives: DailyArchive[]): string {
  const [first] = archives;
  return `${first?.name}${archives.length > 1 ? ` 等 ${archives.length} 个` : ""}`;
}

/** For the first; whoever wants to remove the others, too, knows how by then. */
function remove(view: StackView, [first]: DailyArchive[]): string {
  const name = first?.name ?? "";
  return view.runtime.kind === "compose"
    ? `docker compose exec backup rm /backups/${name}`
    : `rm ${shellWord(join(folderOf(view), name))}`;
}
