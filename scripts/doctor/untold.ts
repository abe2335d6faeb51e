import { channelWords, reasonWords } from "../../exporter/words.ts";
import { parseExposition } from "../stack/exposition.ts";
import type { StackView } from "../stack/view.ts";
import { type Check, type Finding, hint, ok, problem } from "./check.ts";

interface Notification {
  channel: string;
  createdAt: string;
  reason: string | null;
  detail: string | null;
}

const DAY = 24 * 3600_000;
/** Seconds that a message may wait before somebody should look, as NotificationBacklog has it. */
const OLD = 120;

/** What people were not told of lately. */
export const untoldCheck: Check = {
  name: "untold",
  title: "没有送达的通知",
  question: "notifying",
  async run(view): Promise<Finding[]> {
    const [{ text }, failed] = await Promise.all([view.ask("relay", "/metrics"), readFailed(view)]);
    const samples = parseExposition(text);
    const of = (name: string) => samples.filter((sample) => sample.name === name);
    const failing = new Set(
      of("relay_channel_failing").flatMap(({ labels, value }) => (value === 1 ? labels.channel : [])),
    );
    const waiting = of("relay_outbox_oldest_seconds").filter(({ value }) => value > OLD);
    const findings = [
      ...waiting.map(({ labels, value }) => backlog(labels.channel ?? "", value)),
      ...failures(failed, failing),
    ];
    return findings.length > 0 ? findings : [ok("24 小时内的通知都送达了")];
  },
};

function backlog(channel: string, seconds: number): Finding {
  return problem(
    `${channelWords(channel).title}的通知等了 ${Math.round(seconds / 60)} 分钟还没有发出`,
    "会一直重试，但现在收不到告警",
    "先看企业微信、邮件有没有报别的问题；没有就看 docs/runbooks/NotificationBacklog.md",
  );
}

/** Those of the last day, newest first. */
async function readFailed({ ask, clock }: StackView): Promise<Notification[]> {
  const { notifications } = await ask.json<{ notifications: Notification[] }>(
    "relay",
    "/api/notifications?state=failed&limit=1000",
  );
  return notifications.filter(({ createdAt }) => clock.now() - Date.parse(createdAt) < DAY);
}

/** @param failing channels whose last notification failed */
function failures(failed: Notification[], failing: Set<unknown>): Finding[] {
  const kinds = Object.groupBy(failed, ({ channel, reason }) => `${channel} ${reason}`);
  return Object.values(kinds).flatMap((group = []) => {
    const [newest] = group;
    if (newest === undefined) return [];
    const { channel, reason, detail } = newest;
    const what = `${channelWords(channel).title}在 24 小时内有 ${group.length} 条通知没有送达`;
    const remedy = reasonWords(reason).remedy;
    return failing.has(channel)
      ? problem(what, `最近一条也失败了：${detail ?? reason}`, remedy)
      : hint(what, `后来又通了。当时：${detail ?? reason}`, "错过的内容：npm run alerts");
  });
}
