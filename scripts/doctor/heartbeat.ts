import { NoAnswerError } from "../stack/ask.ts";
import { parseExposition } from "../stack/exposition.ts";
import { query } from "../stack/query.ts";
import { logCommand, type StackView, stateOf } from "../stack/view.ts";
import { type Check, type Finding, ok, problem, unchecked, unlessSettling } from "./check.ts";

/** Seconds: it comes each minute. */
const LATE = 180;

/** That an alert would get from Prometheus through Alertmanager to the relay. */
export const heartbeatCheck: Check = {
  name: "heartbeat",
  title: "告警管道",
  question: "notifying",
  async run(view): Promise<Finding[]> {
    return (await Promise.all([heartbeat(view), connection(view), refusals(view)].map(orUnchecked))).flat();
  },
};

/** One that cannot be told does not keep the others from it. */
async function orUnchecked(finding: Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await finding;
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    return [unchecked("告警管道", error.message)];
  }
}

/** The always-firing Watchdog travels the whole way. */
async function heartbeat({ ask }: StackView): Promise<Finding[]> {
  const { text } = await ask("relay", "/metrics");
  const age = parseExposition(text).find(({ name }) => name === "relay_watchdog_age_seconds")?.value;
  if (age === undefined) throw new NoAnswerError("告警转发没有在工作");
  if (age <= LATE) return [ok(`心跳 ${Math.round(age)} 秒前到过告警转发`)];
  return [
    problem(
      `告警转发已 ${Math.round(age / 60)} 分钟没有收到心跳`,
      "Prometheus 到 Alertmanager 再到告警转发的路上断了，告警到不了",
      "先处理停掉的部分（npm start）；都在运行就看 docs/runbooks/WatchdogSilent.md",
    ),
  ];
}

async function connection(view: StackView): Promise<Finding[]> {
  const { data } = await view.ask.json<{ data: { activeAlertmanagers: { url: string }[] } }>(
    "prometheus",
    "/api/v1/alertmanagers",
  );
  const known = data.activeAlertmanagers.map(({ url }) => URL.parse(url)?.host ?? url);
  if (known.some((host) => host.endsWith(`:${alertmanagerPort(view)}`))) {
    return [ok("Prometheus 知道 Alertmanager 在哪")];
  }
  const what = known.length === 0 ? "不知道 Alertmanager 在哪" : `把告警送到 ${known}，Alertmanager 不在那里`;
  return unlessSettling(view, [
    problem(
      `Prometheus ${what}`,
      "告警到不了 Alertmanager，谁也收不到",
      "git diff prometheus/targets/alertmanager.yml 看改了什么，恢复后 npm run apply",
    ),
  ]);
}

/** As Prometheus has to reach it. */
function alertmanagerPort(view: StackView): string | undefined {
  return view.runtime.kind === "compose" ? "9093" : URL.parse(stateOf(view, "alertmanager")?.url ?? "")?.port;
}

/** What Alertmanager could not hand over, by Prometheus's memory: its counter alone does not tell when. */
async function refusals(view: StackView): Promise<Finding[]> {
  const failed = await query(
    view.ask,
    "sum by (integration) (increase(alertmanager_notifications_failed_total[10m])) > 0",
  );
  if (failed.length === 0) return [ok("Alertmanager 的通知都交出去了")];
  return failed.map(({ metric: { integration = "" } }) =>
    problem(
      `10 分钟内 Alertmanager 有通知交不出去（${integration === "webhook" ? "给告警转发" : integration}）`,
      "告警可能收不到",
      `刚恢复的等几分钟；还在发生就看 ${logCommand(view, "alertmanager")}`,
    ),
  );
}
