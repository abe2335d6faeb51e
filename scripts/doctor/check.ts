import { NoAnswerError } from "../stack/ask.ts";
import { isSettling, type StackView } from "../stack/view.ts";

/** The guide's three questions of somebody for whom it does not work. */
export const QUESTIONS = {
  starting: "启动不了",
  notifying: "收不到通知",
  measuring: "数据不对",
} as const;
export type Question = keyof typeof QUESTIONS;

/** What a check found out, in the operator's words; none of it holds a secret. */
export type Finding =
  | { level: "ok"; what: string }
  /** Not as it should be, but nothing is lost by it. */
  | { level: "hint"; what: string; why: string; remedy: string }
  | { level: "problem"; what: string; why: string; remedy: string }
  /** Nobody knows, because of something else. */
  | { level: "unchecked"; what: string; why: string };

export interface Check {
  /** For machines; never changes. */
  name: string;
  /** For people. */
  title: string;
  question: Question;
  /** Milliseconds, where it takes longer than the others. */
  deadline?: number;
  /** @throws {NoAnswerError} where a part that has to be asked does not answer */
  run(view: StackView): Promise<Finding[]>;
}

export type CheckedFinding = Finding & { check: string; title: string; question: Question };

export function ok(what: string): Finding {
  return { level: "ok", what };
}

export function hint(what: string, why: string, remedy: string): Finding {
  return { level: "hint", what, why, remedy };
}

export function problem(what: string, why: string, remedy: string): Finding {
  return { level: "problem", what, why, remedy };
}

export function unchecked(what: string, why: string): Finding {
  return { level: "unchecked", what, why };
}

/** Prometheus knows nothing yet after a start: a problem then may be none. */
export function unlessSettling(view: StackView, found: Finding[]): Finding[] {
  if (!isSettling(view, "prometheus")) return found;
  return found.map((finding) =>
    finding.level === "problem" ? unchecked(finding.what, "Prometheus 刚启动，一分钟后再查") : finding,
  );
}

/** Milliseconds for a check, all that it waits for included. */
const DEADLINE = 8000;

/** Every check at once; one that fails or hangs says so, and costs the others nothing. */
export async function runChecks(
  checks: Check[],
  view: StackView,
  deadline = DEADLINE,
): Promise<CheckedFinding[]> {
  const findings = await Promise.all(
    checks.map(async (check) => {
      const { name, title, question } = check;
      const found = await runCheck(check, view, deadline);
      return found.map((finding) => ({ check: name, title, question, ...finding }));
    }),
  );
  return findings.flat();
}

async function runCheck(check: Check, view: StackView, deadline: number): Promise<Finding[]> {
  const late = Promise.withResolvers<Finding[]>();
  const limit = check.deadline ?? deadline;
  const timer = setTimeout(() => late.resolve([tooLate(check, limit)]), limit);
  try {
    return await Promise.race([check.run(view), late.promise]);
  } catch (error) {
    if (!(error instanceof NoAnswerError)) return [failed(check, error)];
    return [unchecked(check.title, error.message)];
  } finally {
    clearTimeout(timer);
  }
}

function tooLate({ title }: Check, deadline: number): Finding {
  return problem(
    `${title}：${deadline / 1000} 秒还没有查完`,
    "查的东西没有应答，它自己多半也有问题",
    "看机器是否过忙：uptime；过一会儿再执行 npm run doctor",
  );
}

function failed({ title }: Check, error: unknown): Finding {
  const { message } = error as Error;
  return problem(`${title}：没能查完（${message}）`, "这一项的情况不清楚", "把这一行交给开发");
}
