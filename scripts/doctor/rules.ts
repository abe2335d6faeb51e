import type { StackView } from "../stack/view.ts";
import { type Check, type Finding, ok, problem } from "./check.ts";

interface Rule {
  name: string;
  health: "ok" | "err" | "unknown";
  lastError?: string;
}

/** That every rule can be evaluated. */
export const rulesCheck: Check = {
  name: "rules",
  title: "规则",
  question: "notifying",
  async run(view): Promise<Finding[]> {
    const rules = await readRules(view);
    if (rules.length === 0) {
      return [
        problem(
          "Prometheus 没有任何告警规则",
          "什么问题都不会告警",
          "git diff prometheus/rules 看改了什么，恢复后 npm run apply",
        ),
      ];
    }
    const failing = rules.filter(({ health }) => health === "err");
    if (failing.length === 0) return [ok(`${rules.length} 条规则都能计算`)];
    return failing.map(({ name, lastError }) =>
      problem(
        `规则 ${name} 算不出来`,
        `它不会告警。原因：${lastError}`,
        "改 prometheus/rules 里的这一条，再 npm run apply",
      ),
    );
  },
};

async function readRules({ ask }: StackView): Promise<Rule[]> {
  const answer = await ask.json<{ data: { groups: { rules: Rule[] }[] } }>("prometheus", "/api/v1/rules");
  return answer.data.groups.flatMap(({ rules }) => rules);
}
