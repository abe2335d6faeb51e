import { channelWords, reasonWords } from "../../exporter/words.ts";
import { type Check, type Finding, ok, problem } from "./check.ts";

interface Result {
  channel: string;
  /** Of several. */
  sender?: string;
  outcome: "sent" | "retry" | "wait" | "failed";
  reason?: string;
  detail?: string;
  undelivered?: string;
}

/** Longer than any channel's own limit for an attempt. */
const DEADLINE = 40_000;

/** Really sends a message through each channel. */
export const sendTestCheck: Check = {
  name: "send-test",
  title: "测试消息",
  question: "notifying",
  deadline: DEADLINE + 1000,
  async run({ ask }): Promise<Finding[]> {
    const { status, text } = await ask("relay", "/api/test", { method: "POST", timeout: DEADLINE });
    if (status === 401 || status === 403) {
      return [problem("告警转发不接受 .env 里的 RELAY_TOKEN", "没有发测试消息", "npm run apply 之后再试")];
    }
    if (status !== 200)
      return [problem(`告警转发应答 HTTP ${status}`, "没有发测试消息", "npm stop 再 npm start")];
    return (JSON.parse(text) as { results: Result[] }).results.map(judge);
  },
};

function judge({ channel, sender, outcome, reason, detail = "", undelivered }: Result): Finding {
  const name = `${channelWords(channel).title}${sender ? `（${sender}）` : ""}`;
  if (channel === "log") {
    return problem(
      "测试消息只写进了日志",
      "一个渠道都没有设置",
      "在 .env 里填 WECOM_ROBOT_KEY，再执行 npm run apply",
    );
  }
  if (undelivered !== undefined) {
    return problem(`${name}的测试消息有人收不到`, undelivered, reasonWords("receiver").remedy);
  }
  if (outcome === "sent") return ok(`${name}的测试消息已发出，请到手机上看`);
  if (outcome === "wait") return problem(`${name}没有发测试消息`, "这一分钟的条数用完了", "一分钟后再试");
  return problem(`${name}的测试消息没有发出`, detail, reasonWords(reason ?? null).remedy);
}
