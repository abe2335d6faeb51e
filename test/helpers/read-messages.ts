/** What a message of the robot says, read as people read it. */
export interface ReadMessage {
  /** What a digest says is waiting in all; undefined of a message that tells alerts in full. */
  total: number | undefined;
  named: NamedAlert[];
  counted: CountedAlerts[];
  /** Announced for a later message. */
  later: number;
}

export interface NamedAlert {
  title: string;
  status: "firing" | "resolved";
  /** Severity and status in words, for example 严重告警. */
  heading: string;
  /** The rest of a digest's line. */
  facts: string[];
}

export interface CountedAlerts {
  /** The alertname; undefined for those of every other kind. */
  kind: string | undefined;
  /** Undefined for those of every other kind. */
  status: "firing" | "resolved" | undefined;
  alerts: number;
}

const TITLE = /^\*\*告警较多，合并通知：待通知 (\d+) 条\*\*$/;
const HEAD = /^\S+ <font color="\w+">\*\*(.+?)\*\*<\/font>(?: \*\*(.+)\*\*)?$/u;
const LINE = /^> (.+)$/;
const COUNT = /^另有(?:其他告警| (\S+) (.+?)) (\d+) 条$/;
const LATER = /^还有 (\d+) 条(?:严重的，随后逐条通知|，见随后的消息)$/;
const LINK = /^\[[^\]]+\]\(\S+\)$/;

/** @throws at a line of a digest that is none of what a digest consists of */
function readMessage(markdown: string): ReadMessage {
  const lines = markdown.split("\n");
  const [, total] = TITLE.exec(lines[0] ?? "") ?? [];
  return total === undefined ? readFull(lines) : readDigest(lines.slice(1), Number(total));
}

function readFull(lines: string[]): ReadMessage {
  const named = lines.flatMap((line) => {
    const [, heading = "", title] = HEAD.exec(line) ?? [];
    return title === undefined ? [] : [{ title, ...statusOf(heading), facts: [] }];
  });
  return { total: undefined, named, counted: [], later: 0 };
}

function readDigest(lines: string[], total: number): ReadMessage {
  const message: ReadMessage = { total, named: [], counted: [], later: 0 };
  let heading = "";
  for (const line of lines) {
    const [head, alert, count, later] = [HEAD, LINE, COUNT, LATER].map((pattern) => pattern.exec(line));
    if (head) heading = head[1] ?? "";
    else if (alert) {
      const [title = "", ...facts] = (alert[1] ?? "").split("，");
      message.named.push({ title, ...statusOf(heading), facts });
    } else if (count) message.counted.push(readCount(count));
    else if (later) message.later += Number(later[1]);
    else if (!LINK.test(line)) throw new Error(`not a line of a digest: ${line}`);
  }
  return message;
}

function readCount([, heading, kind, alerts]: RegExpExecArray): CountedAlerts {
  return {
    kind,
    status: heading === undefined ? undefined : statusOf(heading).status,
    alerts: Number(alerts),
  };
}

function statusOf(heading: string): Pick<NamedAlert, "status" | "heading"> {
  return { heading, status: heading.includes("已恢复") ? "resolved" : "firing" };
}

/** What all messages told together. */
export interface Told {
  named: NamedAlert[];
  counted: CountedAlerts[];
  /** Digests whose names and numbers are not what they say is waiting. */
  wrongSums: string[];
}

/** @param contents markdown, in the order in which it was sent */
export function tellAll(contents: string[]): Told {
  const messages = contents.map(readMessage);
  return {
    named: messages.flatMap(({ named }) => named),
    counted: messages.flatMap(({ counted }) => counted),
    wrongSums: contents.filter((_, index) => !addsUp(messages[index] as ReadMessage)),
  };
}

function addsUp({ total, named, counted, later }: ReadMessage): boolean {
  return total === undefined || total === named.length + sum(counted) + later;
}

export function sum(counted: CountedAlerts[]): number {
  return counted.reduce((all, { alerts }) => all + alerts, 0);
}
