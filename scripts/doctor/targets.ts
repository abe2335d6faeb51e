import { PART_TITLES, type PartName } from "../stack/addresses.ts";
import { isSettling, type StackView, stateOf } from "../stack/view.ts";
import { type Check, type Finding, ok, problem, unchecked, unlessSettling } from "./check.ts";

interface Target {
  labels: { job: string; instance: string };
  health: "up" | "down" | "unknown";
  lastError: string;
  /** RFC 3339; the year 1 before the first. */
  lastScrape: string;
}

async function readTargets({ ask }: StackView): Promise<Target[]> {
  const answer = await ask.json<{ data: { activeTargets: Target[] } }>(
    "prometheus",
    "/api/v1/targets?state=active",
  );
  return answer.data.activeTargets;
}

/** Scrapes that may be missed before the figures count as old. */
const MISSED = 4;
/** Seconds, of prometheus.yml. */
const INTERVAL = 15;

/** That Prometheus gets something from every target, and lately. */
export const targetsCheck: Check = {
  name: "targets",
  title: "抓取",
  question: "measuring",
  async run(view): Promise<Finding[]> {
    const targets = await readTargets(view);
    // What died is told by the check of the parts.
    const alive = targets.filter(({ labels }) => stateOf(view, partOf(labels.job))?.isRunning ?? true);
    return unlessSettling(view, judge(view, alive));
  },
};

function partOf(job: string): PartName {
  return job === "wecom_legal_service" ? "exporter" : (job as PartName);
}

function judge(view: StackView, targets: Target[]): Finding[] {
  if (targets.length === 0) {
    return [
      problem(
        "Prometheus 什么都不抓取",
        "没有任何监控数据",
        "git diff prometheus/targets 看改了什么，恢复后 npm run apply",
      ),
    ];
  }
  const ill = targets.flatMap((target) => judgeTarget(view, target));
  return ill.length > 0 ? ill : [ok(`${targets.length} 个抓取目标都取得到数据`)];
}

function judgeTarget(view: StackView, { labels, health, lastError, lastScrape }: Target): Finding[] {
  const { job, instance } = labels;
  const name = `${instance}（${job}）`;
  if (health === "down") {
    const part = partOf(job);
    // What Prometheus has of it may be of before.
    if (isSettling(view, part))
      return [unchecked(`抓取 ${name}`, `${PART_TITLES[part]} 刚启动，一分钟后再查`)];
    return [
      problem(
        `Prometheus 取不到 ${name}的数据`,
        `它说：${lastError}`,
        `试：${fetchCommand(view, instance)}；地址不对就改 prometheus/targets/${job}.yml，再 npm run apply`,
      ),
    ];
  }
  const age = Math.round((view.clock.now() - Date.parse(lastScrape)) / 1000);
  // Before the first scrape it is unknown.
  if (health === "unknown" || age <= MISSED * INTERVAL) return [];
  return [
    problem(
      `${name}的数据是 ${age} 秒前的`,
      `应该每 ${INTERVAL} 秒取一次，页面上的数字是旧的`,
      "看机器是否过忙、时间是否改过：uptime、date",
    ),
  ];
}

/** From where Prometheus is. */
function fetchCommand({ runtime }: StackView, instance: string): string {
  const url = `http://${instance}/metrics`;
  return runtime.kind === "compose"
    ? `docker compose exec prometheus wget -qO- ${url} | head -3`
    : `curl -sS ${url} | head -3`;
}
