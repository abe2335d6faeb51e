import { collectorTitle, EVENTS_REFUSED } from "../../exporter/words.ts";
import { failingOf, readCollectors } from "../stack/exposition.ts";
import { type Check, type Finding, ok, problem, unchecked } from "./check.ts";

const RUNBOOK = "docs/runbooks/CollectorFailing.md";

/** Whether the exporter gets what it is to publish, and can keep the events that are reported to it. */
export const collectorsCheck: Check = {
  name: "collectors",
  title: "各项数据",
  question: "measuring",
  async run({ ask }): Promise<Finding[]> {
    const collectors = readCollectors((await ask("exporter", "/metrics")).text);
    const failing = failingOf(collectors);
    if (failing.length > 0) return failing.map(tell);
    // Those of the host and services have none before their first run, and while they are stopped.
    if (collectors.size < 2) return [unchecked("各项数据", "刚启动，或者采集被停止了")];
    return [ok("各项数据都取得到，业务事件都存得下")];
  },
};

function tell(name: string): Finding {
  return name === "events"
    ? problem(
        `${EVENTS_REFUSED}，应用上报的被拒收（503）`,
        "今日消息数、错误率、咨询数都不准，也不会为它们告警；用客户端上报的会留着重试",
        `df -h . 看空间，腾出来就会自动恢复；还不行看 ${RUNBOOK}`,
      )
    : problem(`取不到数据：${collectorTitle(name)}`, "它出了问题可能不会告警", `看 ${RUNBOOK}`);
}
