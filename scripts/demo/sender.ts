import type { MonitoringError } from "../../client/error.ts";
import type { Outcome } from "../../client/post-events.ts";
import type { WireEvent } from "../../client/wire.ts";
import type { SteadyClock } from "../../service/clock.ts";
import { StackError } from "../stack/project.ts";
import { count, describe, NOTHING, type Totals } from "./totals.ts";

/** Waits; rejects once the operator interrupts. */
export type Wait = (milliseconds: number) => Promise<unknown>;

export interface Sender {
  /**
   * Has the events counted, once, however often that takes.
   * @throws {StackError} when the exporter refuses, or is away for longer than its patience
   */
  send(events: WireEvent[]): Promise<void>;
  /** What the exporter has said is on its disk. */
  readonly added: Totals;
  /** The same in words, with what may have been counted although no answer came. */
  ledger(): string;
}

export interface SenderParts {
  post: (events: WireEvent[]) => Promise<Outcome>;
  wait: Wait;
  clock: SteadyClock;
  /** Told when the exporter is away, and when it is back. */
  tell: (text: string) => void;
}

/** Milliseconds between two attempts, and for how long. */
const RETRY = 2000;
const PATIENCE = 60_000;

export function createSender({ post, wait, clock, tell }: SenderParts): Sender {
  let added = NOTHING;
  /** Sent, and nobody knows what became of it. */
  let open: WireEvent[] = [];

  async function attempt(events: WireEvent[]): Promise<MonitoringError | undefined> {
    // What comes twice because an answer was lost has the same ids, and is counted once.
    const outcome = await post(events);
    if (outcome.kind === "stored") return undefined;
    if (outcome.kind !== "failed") throw new StackError(`采集程序不接受演示的事件（${outcome.kind}）`);
    if (!canPass(outcome.error)) throw new StackError(reasonOf(outcome.error));
    return outcome.error;
  }

  return {
    async send(events) {
      const begun = clock.elapsed();
      let problem = await attempt(events);
      if (problem !== undefined) {
        open = events;
        tell(`⚠️  ${reasonOf(problem)}，正在重试`);
      }
      while (problem !== undefined) {
        if (clock.elapsed() - begun > PATIENCE) {
          throw new StackError(
            `${reasonOf(problem)}，演示到此为止。请执行 npm start，它会启动停掉的部分，或说明原因`,
          );
        }
        await wait(RETRY);
        problem = await attempt(events);
      }
      if (open.length > 0) tell("采集程序又有应答了，继续");
      open = [];
      added = count(events, added);
    },
    get added() {
      return added;
    },
    ledger() {
      const doubt =
        open.length === 0 ? "" : `；最后一批 ${open.length} 个事件没有收到应答，可能计入了，也可能没有`;
      return `已写入：${describe(added)}${doubt}。`;
    },
  };
}

function canPass({ kind }: MonitoringError): boolean {
  return kind === "unreachable" || kind === "unavailable";
}

/** In the operator's words. */
export function reasonOf({ kind, message }: MonitoringError): string {
  if (kind === "unreachable") return "采集程序没有应答";
  if (kind === "unavailable") return "采集程序暂时存不下事件，多半是磁盘满了";
  if (kind === "unauthorized") {
    return "采集程序不认这个令牌：.env 里的 EXPORTER_TOKEN 和它启动时的不同。请执行 npm run apply 再试";
  }
  return `采集程序的应答不对：${message}`;
}
