import { printable } from "../stack/printable.ts";
import { type CheckedFinding, QUESTIONS, type Question } from "./check.ts";

/** How many findings there are of each kind. */
export function count(findings: CheckedFinding[]) {
  const of = (level: CheckedFinding["level"]) => findings.filter((finding) => finding.level === level).length;
  return { problem: of("problem"), hint: of("hint"), unchecked: of("unchecked"), ok: of("ok") };
}

/** For somebody at night on a telephone: what to do first, short lines, what is fine in one. */
export function print(findings: CheckedFinding[]): string {
  const { problem, hint, unchecked, ok } = count(findings);
  const others = [
    ...(hint > 0 ? [`${hint} 个提示`] : []),
    ...(unchecked > 0 ? [`${unchecked} 项没有查到`] : []),
    `${ok} 项正常`,
  ];
  const verdict = problem > 0 ? `❌ ${problem} 个问题` : "✅ 没有发现问题";
  const blocks = [
    ...(Object.keys(QUESTIONS) as Question[]).map((question) => printProblems(findings, question)),
    printHints(findings),
    printUnchecked(findings),
    [`${verdict}，${others.join("，")}`],
  ];
  const text = blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n");
  return `${printable(text)}\n`;
}

function printProblems(findings: CheckedFinding[], question: Question): string[] {
  const problems = findings.flatMap((finding) =>
    finding.level === "problem" && finding.question === question
      ? [`❌ ${finding.what}`, `   影响：${finding.why}`, `   办法：${finding.remedy}`]
      : [],
  );
  return problems.length > 0 ? [`【${QUESTIONS[question]}】`, ...problems] : [];
}

/** Those with the same remedy together. */
function printHints(findings: CheckedFinding[]): string[] {
  const hints = findings.filter((finding) => finding.level === "hint");
  const remedies = Object.groupBy(hints, ({ why, remedy }) => `：${why}\n   办法：${remedy}`);
  return Object.entries(remedies).map(
    ([rest, group = []]) => `⚠️  ${group.map(({ what }) => what).join("；")}${rest}`,
  );
}

/** A line for each reason. */
function printUnchecked(findings: CheckedFinding[]): string[] {
  const unknown = findings.filter((finding) => finding.level === "unchecked");
  const reasons = Object.groupBy(unknown, ({ why }) => why);
  return Object.entries(reasons).map(([why, group = []]) => {
    const names = [...new Set(group.map(({ what }) => what))];
    return `❔ 没有查：${names.join("、")}（${why}）`;
  });
}
