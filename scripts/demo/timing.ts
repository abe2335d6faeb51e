import { parse } from "yaml";
import { StackError } from "../stack/project.ts";
import { askJson } from "./ask.ts";
import { ALERTS, type AlertName, SERVICE_ALERTS, type Timing } from "./timetable.ts";

interface Rules {
  data: {
    groups: {
      interval: number;
      rules: { name: string; type: string; duration?: number; keepFiringFor?: number }[];
    }[];
  };
}

interface Targets {
  data: { activeTargets: { scrapePool: string; scrapeInterval: string }[] };
}

const NAMES: readonly string[] = [...ALERTS, ...SERVICE_ALERTS];

/**
 * How long the rules in force wait, as Prometheus and Alertmanager themselves say.
 * @param collect seconds between two probes
 * @throws {StackError} when one does not answer, or has other rules than ours
 */
export async function readTiming(
  urls: { prometheus: string; alertmanager: string },
  collect: number,
): Promise<Timing> {
  const [rules, targets, status] = await Promise.all([
    from<Rules>("Prometheus", `${urls.prometheus}/api/v1/rules?type=alert`),
    from<Targets>("Prometheus", `${urls.prometheus}/api/v1/targets?state=active`),
    from<{ config: { original: string } }>("Alertmanager", `${urls.alertmanager}/api/v2/status`),
  ]);
  // Others may be evaluated once an hour.
  const groups = rules.data.groups.filter((group) => group.rules.some(({ name }) => NAMES.includes(name)));
  const target = targets.data.activeTargets.find(({ scrapePool }) => scrapePool === "wecom_legal_service");
  if (target === undefined) throw notOurs(urls.prometheus, "抓取任务 wecom_legal_service");
  const { route } = parse(status.config.original) as {
    route: { group_wait: string; group_interval: string };
  };
  return {
    scrape: seconds(target.scrapeInterval),
    evaluation: Math.max(...groups.map(({ interval }) => interval)),
    collect,
    groupWait: seconds(route.group_wait),
    groupInterval: seconds(route.group_interval),
    alerts: readAlerts(groups, urls.prometheus),
  };
}

function readAlerts(groups: Rules["data"]["groups"], prometheus: string): Timing["alerts"] {
  const all = groups.flatMap((group) => group.rules);
  const entries = NAMES.map((name) => {
    const rule = all.find((candidate) => candidate.name === name);
    if (rule === undefined) throw notOurs(prometheus, `告警规则 ${name}`);
    return [name, { for: rule.duration ?? 0, keep: rule.keepFiringFor ?? 0 }] as const;
  });
  return Object.fromEntries(entries) as Record<AlertName, { for: number; keep: number }>;
}

const UNITS: Record<string, number> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** Of a duration as Prometheus and Alertmanager write it: 1m30s. */
export function seconds(duration: string): number {
  const parts = [...duration.matchAll(/(\d+)(ms|[smhdwy])/g)];
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
}

async function from<T>(title: string, url: string): Promise<T> {
  try {
    return await askJson<T>(url);
  } catch (cause) {
    throw new StackError(
      `${title} 没有应答（${new URL(url).origin}），没有它看不到告警。请先执行 npm start`,
      { cause },
    );
  }
}

function notOurs(url: string, missing: string): StackError {
  return new StackError(
    `${url} 的 Prometheus 没有${missing}：它不是这套监控的，或者没有启动好。请执行 npm start`,
  );
}
