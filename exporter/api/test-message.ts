import { z } from "zod";
import type { ServiceEnvironment } from "../../config/environment.ts";
import { channelWords, reasonWords } from "../words.ts";
import { askUpstream, UpstreamError } from "./upstream.ts";

/** Milliseconds: a channel that hangs is given up by the relay before. */
const TIMEOUT = 60_000;

const resultSchema = z.looseObject({
  channel: z.string(),
  /** Which of several robots. */
  sender: z.string().optional(),
  outcome: z.string(),
  reason: z.string().optional(),
  detail: z.string().optional(),
  undelivered: z.string().optional(),
});
type Result = z.output<typeof resultSchema>;

const answerSchema = z.object({ results: z.array(resultSchema) });

/**
 * Has the relay send a test message through each channel that is set up, and waits for it.
 * @returns the relay's answer: each channel's outcome, and in `text` the same for people
 * @throws {UpstreamError}
 */
export async function sendTestMessage({
  urls,
  relayToken,
}: ServiceEnvironment): Promise<{ results: (Result & { text: string })[] }> {
  try {
    const url = new URL(`${urls.relay}/api/test`);
    const { results } = answerSchema.parse(
      await askUpstream("the relay", url, { method: "POST", token: relayToken, timeout: TIMEOUT }),
    );
    return { results: results.map((result) => ({ ...result, text: describe(result) })) };
  } catch (cause) {
    // A 401 of the relay's is about its token, not about the caller's.
    const message =
      cause instanceof UpstreamError ? cause.message : "the relay's answer is not one of a test";
    throw new UpstreamError(message, { cause, refusal: undefined });
  }
}

function describe({ channel, sender, outcome, reason, detail, undelivered }: Result): string {
  if (channel === "log") return "✗ 还没有设置告警渠道，测试消息只写进了日志。";
  const name = `${channelWords(channel).title}${sender === undefined ? "" : `（${sender}）`}`;
  if (outcome === "sent") {
    return undelivered === undefined
      ? `✓ ${name}：已发出，请确认收到了。`
      : `✗ ${name}：已发出，但有人没收到：${undelivered}`;
  }
  if (outcome === "wait") return `✗ ${name}：这一分钟的条数用完了，过一分钟再试。`;
  const { what, remedy } = reasonWords(reason ?? null);
  return `✗ ${name}：没有发出，${what}${detail ? `（${detail}）` : ""}。${remedy}。`;
}
