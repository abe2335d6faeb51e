import { UpstreamError } from "../api/upstream.ts";

/** What another part said, or why it is not known. */
export type Answer<T> = { known: true; value: T } | { known: false; reason: string };

/** Milliseconds: the page comes at once, whoever is down. */
export const DEADLINE = 2000;

/** @returns why it is not known, in words for operators, where `question` throws */
export async function answerTo<T>(question: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { known: true, value: await question() };
  } catch (error) {
    return { known: false, reason: reasonOf(error) };
  }
}

const GARBLED = "应答的内容看不懂";

const REASONS: Record<string, string> = {
  ECONNREFUSED: "没有在运行（连接被拒绝）",
  ENOTFOUND: "找不到它的地址",
  EAI_AGAIN: "找不到它的地址",
  ECONNRESET: "连接中断",
  SyntaxError: GARBLED,
  TimeoutError: `${DEADLINE / 1000} 秒内没有应答`,
};

function reasonOf(error: unknown): string {
  if (!(error instanceof UpstreamError)) return GARBLED;
  const status = /answers HTTP (\d+)/.exec(error.message)?.[1];
  if (status !== undefined) return `应答 HTTP ${status}`;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    // That of a DOMException, as a timeout is, is a number.
    const { code = "", name } = cause as NodeJS.ErrnoException;
    const known = REASONS[code] ?? REASONS[name];
    if (known !== undefined) return known;
  }
  return "连不上";
}
