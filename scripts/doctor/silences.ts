import { tellTime } from "../stack/tell-time.ts";
import type { StackView } from "../stack/view.ts";
import { type Check, type Finding, hint, ok } from "./check.ts";

interface Silence {
  status: { state: "active" | "pending" | "expired" };
  endsAt: string;
  createdBy: string;
  matchers: { name: string; value: string; isRegex: boolean; isEqual?: boolean }[];
}

/** What is not told because somebody wanted it so. */
export const silencesCheck: Check = {
  name: "silences",
  title: "静默",
  question: "notifying",
  async run({ ask, settings }: StackView): Promise<Finding[]> {
    const silences = await ask.json<Silence[]>("alertmanager", "/api/v2/silences");
    const active = silences.filter(({ status }) => status.state === "active");
    if (active.length === 0) return [ok("没有静默")];
    return active.map(({ matchers, endsAt, createdBy }) =>
      hint(
        `静默中：${matchers.map(describe).join("，")}`,
        `到 ${tellTime(Date.parse(endsAt), settings.config.timezone)} 为止不通知，${createdBy} 设的`,
        "不该静默就提前结束：docs/guide.zh-CN.md 的“静默”一节",
      ),
    );
  },
};

function describe({ name, value, isRegex, isEqual = true }: Silence["matchers"][number]): string {
  return `${name} ${isEqual ? "" : "不"}${isRegex ? "匹配" : "是"} ${value}`;
}
