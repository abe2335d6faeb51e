import { setTimeout as sleep } from "node:timers/promises";
import { postEvents } from "../../client/post-events.ts";
import type { WireEvent } from "../../client/wire.ts";
import { readSecret } from "../../config/environment.ts";
import { systemClock } from "../../service/clock.ts";
import { localUrls, partHost, publicUrls, readPorts } from "../stack/addresses.ts";
import { InterruptedError } from "../stack/interruption.ts";
import type { Report } from "../stack/report.ts";
import type { Settings } from "../stack/settings.ts";
import { tellMoment } from "../stack/tell-time.ts";
import { askText } from "./ask.ts";
import { closing } from "./closing.ts";
import { opening } from "./opening.ts";
import { chooseMinutes, type DemoOptions } from "./options.ts";
import { createPlan } from "./plan.ts";
import { play } from "./play.ts";
import {
  checkToken,
  POST_TIMEOUT,
  readExporter,
  refuseBlind,
  refuseMidnight,
  refuseMixing,
} from "./preflight.ts";
import { createRandom } from "./random.ts";
import { createScenes } from "./scenes.ts";
import { createSender } from "./sender.ts";
import { type PlayedService, playService } from "./service.ts";
import { createTimetable, shortest, type Timetable, type Timing } from "./timetable.ts";
import { readTiming } from "./timing.ts";
import type { Counted } from "./totals.ts";
import { createWatch, sight } from "./watch.ts";

export interface Demonstration {
  options: DemoOptions;
  settings: Settings;
  report: Report;
  /** Ends it: what was sent stays. */
  signal: AbortSignal;
}

/** The same day each time, but for its length. */
const SEED = 20_260_212;
/** How much slower than the threshold the service gets. */
const SLOWER = 1.3;
/** Of a demo that was not played to its end. */
const LEFT = "这些已计入总数，删不掉。正在发生的告警过几分钟会自己恢复（消息量的告警最晚到零点）。";
/** Minutes that it may take longer, until the last message is told. */
const SPARE = 2;

/**
 * Looks whether a demo may be given here, gives it, and says what it leaves.
 * @throws {StackError} or {InterruptedError}, which say what was added so far
 */
export async function demonstrate(demonstration: Demonstration): Promise<void> {
  const { options, settings, report } = demonstration;
  const { config } = settings;
  const stack = readStack(settings);
  const before = await readExporter(stack.urls.exporter);
  const timing = await readTiming(stack.urls, config.collectInterval);
  await checkToken(stack.address);
  refuseMixing(before, options.yes);
  const slow = SLOWER * config.thresholds.responseTime;
  const played = await playService(config.services, slow * 1000);
  const service = typeof played === "string" ? undefined : played;
  if (typeof played === "string") report.line(`ℹ️  ${played}`);
  try {
    const minutes = chooseMinutes(options.minutes, shortest(timing, service && slow));
    refuseMidnight(systemClock.now(), config.timezone, minutes + SPARE);
    const timetable = createTimetable(timing, service && slow, minutes);
    await perform(demonstration, { stack, before, timing, timetable, service });
  } finally {
    await service?.close();
  }
}

type Stack = ReturnType<typeof readStack>;

function readStack({ config, env }: Settings) {
  const ports = readPorts(config, env);
  const exporter = `http://${partHost("exporter", env)}:${ports.exporter}`;
  return {
    urls: { ...localUrls(ports), exporter },
    pages: publicUrls(config, env, ports),
    address: { url: exporter, token: readSecret(env, "EXPORTER_TOKEN") },
  };
}

interface Stage {
  stack: Stack;
  before: Counted;
  timing: Timing;
  timetable: Timetable;
  service: PlayedService | undefined;
}

async function perform(
  { settings, report, signal }: Demonstration,
  { stack, before, timing, timetable, service }: Stage,
): Promise<void> {
  const { urls, pages, address } = stack;
  const { timezone, thresholds } = settings.config;
  const start = systemClock.now();
  const random = createRandom(SEED);
  const plan = createPlan({ timetable, timezone, now: start, random, before, thresholds });
  const { time, tell, say } = createVoice(report, timezone);
  const wait = (milliseconds: number) => sleep(milliseconds, undefined, { signal });
  const post = (events: WireEvent[]) => postEvents(address, events, POST_TIMEOUT);
  const sender = createSender({ post, wait, clock: systemClock, tell });
  const look = () => sight(urls, start);
  const watch = createWatch(await look().catch(refuseBlind));
  const hasService = service !== undefined;
  const scenes = createScenes({ timetable, timing, plan, hasService });
  const hasGrafana = await askText(`${urls.grafana}/api/health`).then(Boolean, () => false);
  say(opening({ settings, pages, hasGrafana, plan, timetable, start, time, earlier: watch.before }));
  try {
    await play({ plan, scenes, sender, watch, service, look, clock: systemClock, wait, tell });
  } catch (error) {
    const left = `${sender.ledger()}${LEFT}`;
    if (signal.aborted) throw new InterruptedError(left);
    say(["", left]);
    throw error;
  }
  const after = await readExporter(urls.exporter).catch(() => undefined);
  const { added } = sender;
  const end = systemClock.now();
  say(closing({ settings, watch, plan, before, after, added, start, end, time, hasService }));
}

/** Lines for the operator; `tell` puts the time of day in front. */
function createVoice(report: Report, timeZone: string) {
  const time = (at: number) => tellMoment(at, timeZone).slice("YYYY-MM-DD ".length);
  return {
    time,
    tell: (text: string) => report.line(`${time(systemClock.now())}  ${text}`),
    say(lines: string[]) {
      for (const line of lines) report.line(line);
    },
  };
}
