import type { SteadyClock } from "../../service/clock.ts";
import type { Plan } from "./plan.ts";
import type { Scene } from "./scenes.ts";
import type { Sender, Wait } from "./sender.ts";
import type { PlayedService } from "./service.ts";
import type { Sighting, Watch } from "./watch.ts";
import { describeChange } from "./words.ts";

export interface PlayParts {
  plan: Plan;
  scenes: Scene[];
  sender: Sender;
  watch: Watch;
  service: PlayedService | undefined;
  /** @throws when a part does not answer */
  look: () => Promise<Sighting>;
  clock: SteadyClock;
  wait: Wait;
  /** A line, with the time. */
  tell: (text: string) => void;
}

/** Milliseconds. */
const LOOK_EVERY = 1000;
/** For the last messages to be told, after the last scene. */
const PATIENCE = 120_000;

const UNSEEN = "⚠️  采集程序没有来探测 demo 服务：它的监控停着，或者在 Docker 里，看不到本机的 127.0.0.1";

/**
 * Sends what is planned when it is due, and tells what becomes of it, until every alert is over and told.
 * @throws {StackError} when the exporter does not take it; what `wait` throws when interrupted
 */
export async function play(parts: PlayParts): Promise<void> {
  const { plan, scenes, sender, watch, service, clock, wait, tell } = parts;
  const begun = clock.elapsed();
  const batches = [...plan.batches];
  const coming = [...scenes];
  const observe = createObserver(parts);
  const isDone = () => {
    const late = clock.elapsed() - begun - (scenes.at(-1)?.after ?? 0) * 1000;
    return coming.length === 0 && (watch.tracks.every(({ settled }) => settled) || late > PATIENCE);
  };
  for (;;) {
    const seconds = (clock.elapsed() - begun) / 1000;
    for (const scene of takeDue(coming, seconds)) {
      tell(scene.text);
      if (scene.service !== undefined && service !== undefined) {
        if (service.probes === 0) tell(UNSEEN);
        await service.become(scene.service);
      }
    }
    for (const { events } of takeDue(batches, seconds)) await sender.send(events);
    await observe();
    if (batches.length === 0 && isDone()) return;
    await wait(LOOK_EVERY);
  }
}

/** Takes what is due off the front. */
function takeDue<T extends { after: number }>(ordered: T[], seconds: number): T[] {
  const later = ordered.findIndex(({ after }) => after > seconds);
  return ordered.splice(0, later === -1 ? ordered.length : later);
}

/** Tells what changes; that nothing can be seen is told once, and stops nothing. */
function createObserver({ watch, look, clock, tell }: PlayParts): () => Promise<void> {
  let isBlind = false;
  return async () => {
    try {
      const changes = watch.look(await look(), clock.now());
      if (isBlind) tell("又看得到告警了");
      isBlind = false;
      for (const change of changes) tell(describeChange(change));
    } catch (error) {
      if (!isBlind) tell(`⚠️  暂时看不到告警的变化（${(error as Error).message}），继续发送`);
      isBlind = true;
    }
  };
}
