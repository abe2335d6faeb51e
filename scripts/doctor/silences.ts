import { oneLine } from "../stack/printable.ts";
import { tellDistantTime } from "../stack/tell-time.ts";
import type { StackView } from "../stack/view.ts";
import { type Check, type Finding, hint, ok, problem } from "./check.ts";

interface Silence {
  id: string;
  status: { state: "active" | "pending" | "expired" };
  endsAt: string;
  createdBy: string;
  matchers: { name: string; value: string; isRegex: boolean; isEqual?: boolean }[];
}

/** The heartbeat always fires, and nobody means to silence it: what does so is over everything. */
const HEARTBEAT = new URLSearchParams({ filter: 'alertname="Watchdog"' });

/** What is not told because somebody wanted it so. */
export const silencesCheck: Check = {
  name: "silences",
  title: "静默",
  question: "notifying",
  async run(view: StackView): Promise<Finding[]> {
    const [silences, heartbeats] = await Promise.all([
      view.ask.json<Silence[]>("alertmanager", "/api/v2/silences"),
      view.ask.json<{ status: { silencedBy: string[] } }[]>("alertmanager", `/api/v2/alerts?${HEARTBEAT}`),
    ]);
    const active = silences.filter(({ status }) => status.state === "active");
    if (active.length === 0) return [ok("没有静默")];
    const overEverything = heartbeats.flatMap(({ status }) => status.silencedBy);
    return active.map((silence) => judge(view, silence, overEverything.includes(silence.id)));
  },
};

function judge({ ask, clock, settings }: StackView, silence: Silence, isOverEverything: boolean): Finding {
  const { id, matchers, endsAt, createdBy } = silence;
  const what = oneLine(matchers.map(describe).join("，"));
  const who = oneLine(createdBy);
  const end = tellDistantTime(Date.parse(endsAt), settings.config.timezone, clock.now());
  const remedy = `curl -X DELETE ${ask.url("alertmanager")}/api/v2/silence/${id}`;
  return isOverEverything
    ? problem(`静默盖住了所有告警：${what}`, `到 ${end} 为止什么都不通知，${who} 设的`, `结束它：${remedy}`)
    : hint(`静默中：${what}`, `到 ${end} 为止不通知，${who} 设的`, `不该静默就结束它：${remedy}`);
}

function describe({ name, value, isRegex, isEqual = true }: Silence["matchers"][number]): string {
  return `${name} ${isEqual ? "" : "不"}${isRegex ? "匹配" : "是"} ${value}`;
}
