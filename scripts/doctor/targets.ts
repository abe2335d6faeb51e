import type { PartName } from "../stack/addresses.ts";
import { type StackView, stateOf } from "../stack/view.ts";
import { type Check, type Finding, ok, problem, unlessSettling } from "./check.ts";

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
    return unlessSettling(view, judge(alive, view.clock.now()));
  },
};

function partOf(job: string): PartName {
  return job === "wecom_legal_service" ? "exporter" : (job as PartName);
}

function judge(targets: Target[], now: number): Finding[] {
  if (targets.length === 0) {
    return [
      problem(
        "Prometheus 什么都不抓取",
        "没有任何监控数据",
        "git status 看 prometheus/targets 改过没有，恢复后 npm run apply",
      ),
    ];
  }
  const ill = targets.flatMap((target) => judgeTarget(target, now));
  return ill.length > 0 ? ill : [ok(`${targets.length} 个抓取目标都取得到数据`)];
}

function judgeTarget(target: Target, now: number): Finding[] {
  const { labels, health, lastError, lastScrape } = target;
  const name = `${labels.instance}（${labels.job}）`;
  if (health === "down") {
    return [
      problem(
        `Prometheus 取不到 ${name}的数据`,
        `它说：${lastError}`,
        `在这台机器上试：curl -sS http://${labels.instance}/metrics | head -3`,
      ),
    ];
  }
  const age = Math.round((now - Date.parse(lastScrape)) / 1000);
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
