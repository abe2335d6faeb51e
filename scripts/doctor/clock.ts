import { PART_TITLES, type PartName } from "../stack/addresses.ts";
import { PARTS, readyPath, type StackView, stateOf } from "../stack/view.ts";
import { type Check, type Finding, hint, ok, problem, unchecked } from "./check.ts";
import { DEADLINE, lookOutside } from "./outside.ts";
import { SET_CLOCK, tellSkew } from "./world-clock.ts";

/** Seconds; an HTTP date is cut to whole ones. */
const TOLERANCE = 5;

/** That every clock says the same, and that a day begins where it should. */
export const clockCheck: Check = {
  name: "clock",
  title: "时间",
  question: "measuring",
  deadline: DEADLINE,
  async run(view): Promise<Finding[]> {
    // All at once: one after the other they would use up the time of a check where Prometheus hangs.
    const asked = await Promise.all([
      ...PARTS.map((part) => partClock(view, part)),
      lookOutside(view, "clock", "与外面的时间相比"),
      samples(view),
    ]);
    const findings = [...asked, timezone(view)].flat();
    const isRight = !findings.some(({ level }) => level === "problem");
    return isRight ? [...findings, ok("各部分的时间一致")] : findings;
  },
};

/** One that does not answer is told by the check of the parts. */
async function partClock(view: StackView, part: PartName): Promise<Finding[]> {
  if (!stateOf(view, part)?.isRunning) return [];
  const answer = await view.ask(part, readyPath(part)).catch(() => undefined);
  if (answer?.date === undefined) return [];
  const skew = Math.round((answer.date - view.clock.now()) / 1000);
  if (Math.abs(skew) <= TOLERANCE) return [];
  return [
    problem(`${PART_TITLES[part]} 的时间${tellSkew(skew)}`, "曲线会断，告警会早报、晚报或不报", SET_CLOCK),
  ];
}

/** Samples of the future: the clock was set back, and until it is there again nothing new is kept. */
async function samples({ ask, clock }: StackView): Promise<Finding[]> {
  const status = await ask
    .json<{ data: { headStats: { maxTime: number } } }>("prometheus", "/api/v1/status/tsdb")
    .catch(() => undefined);
  if (status === undefined) return [unchecked("与监控数据的时间相比", "Prometheus 没有应答")];
  const ahead = Math.round((status.data.headStats.maxTime - clock.now()) / 1000);
  if (ahead <= TOLERANCE) return [];
  return [
    problem(`最新的监控数据在 ${ahead} 秒以后`, "机器的时间被往回调过，追上之前不会有新数据", SET_CLOCK),
  ];
}

function timezone({ settings: { config }, clock }: StackView): Finding[] {
  const { timeZone: here } = Intl.DateTimeFormat().resolvedOptions();
  const now = clock.now();
  if (offset(here, now) === offset(config.timezone, now)) return [ok(`时区 ${config.timezone}`)];
  const words = `机器的时区是 ${here}，config.ini 里是 ${config.timezone}`;
  // Servers are often kept in UTC on purpose.
  if (/^GMT(\+00:00)?$/.test(offset(here, now) ?? "")) return [ok(words)];
  return [
    hint(
      words,
      "“今日消息数”和消息里的时间按 config.ini 的算，日志按机器的算",
      "不对就改 config.ini 的 timezone，再执行 npm run apply",
    ),
  ];
}

function offset(timeZone: string, at: number): string | undefined {
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).formatToParts(at);
  return parts.find(({ type }) => type === "timeZoneName")?.value;
}
