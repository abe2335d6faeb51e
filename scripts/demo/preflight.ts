import { postEvents } from "../../client/post-events.ts";
import type { Address } from "../../client/request.ts";
import { StackError } from "../stack/project.ts";
import { askText } from "./ask.ts";
import { reasonOf } from "./sender.ts";
import { type Counted, readCounted } from "./totals.ts";

/** Milliseconds. */
export const POST_TIMEOUT = 15_000;

/** What the exporter has counted. @throws {StackError} when nothing runs there */
export async function readExporter(url: string): Promise<Counted> {
  const text = await askText(`${url}/metrics`).catch((cause: unknown) => {
    throw new StackError(`监控没有在运行（${url} 没有应答）。请先执行 npm start`, { cause });
  });
  const counted = readCounted(text);
  if (counted === undefined) {
    throw new StackError(`${url} 应答的不是采集程序，或者它读不到硬盘上的总数。请执行 npm start`);
  }
  return counted;
}

/** An empty batch counts nothing, and still needs the token. @throws {StackError} */
export async function checkToken(address: Address): Promise<void> {
  const outcome = await postEvents(address, [], POST_TIMEOUT);
  if (outcome.kind === "failed") throw new StackError(`${reasonOf(outcome.error)}。什么都没有写入。`);
}

/** What was counted before cannot be told from the demo's any more. @throws {StackError} */
export function refuseMixing({ messages }: Counted, isMeant: boolean): void {
  if (messages === 0 || isMeant) return;
  throw new StackError(
    [
      `采集程序里已有 ${messages} 条消息，演示没有开始，什么都没有写入。`,
      "演示的数据会和它们计入同样的总数，之后分不开，也删不掉：今日和昨日的消息数、错误率、平均满意度都会变，",
      "正在发生的真实告警也可能因此提前恢复。正式使用的监控请不要演示。",
      "如果这套监控只是试用，或者那些消息是以前演示留下的，请执行：npm run demo -- --yes",
    ].join("\n"),
  );
}

/** Without the history nobody would see what is told. @throws {StackError} */
export function refuseBlind(cause: unknown): never {
  throw new StackError("看不到告警历史，告警转发或 Prometheus 没有应答。请先执行 npm start", { cause });
}

/** Today must stay today. @param now milliseconds since the epoch @throws {StackError} */
export function refuseMidnight(now: number, timezone: string, minutes: number): void {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timezone).startOfDay();
  const left = (today.add({ days: 1 }).epochMilliseconds - now) / 60_000;
  if (left > minutes) return;
  throw new StackError(
    `离零点只有 ${Math.floor(left)} 分钟，演示要 ${Math.ceil(minutes)} 分钟：过了零点，今日的消息数从头算起，就看不到完整的过程。请零点以后再试`,
  );
}
