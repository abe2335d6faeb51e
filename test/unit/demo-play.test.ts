import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireEvent } from "../../client/wire.ts";
import { play } from "../../scripts/demo/play.ts";
import { createScenes } from "../../scripts/demo/scenes.ts";
import { createSender } from "../../scripts/demo/sender.ts";
import type { PlayedService } from "../../scripts/demo/service.ts";
import { type ActiveAlert, createWatch, type Sighting } from "../../scripts/demo/watch.ts";
import { fakeClock } from "./support/clock.ts";
import { planned, TIMING } from "./support/demo.ts";

const NOBODY: Sighting = { active: [], history: [] };

test("everything is sent when it is due, the service goes through it all, and it ends by itself", async () => {
  const { clock, begun, plan, timetable, sent, told, states, run } = setUp();
  await run(async () => NOBODY);
  assert.deepEqual(
    sent.flatMap(({ events }) => events),
    plan.batches.flatMap(({ events }) => events),
  );
  for (const [index, { after }] of plan.batches.entries()) {
    const late = (sent[index]?.at ?? Number.NaN) - begun - after * 1000;
    assert.ok(late >= -1 && late <= 1000, `${late}`);
  }
  assert.deepEqual(states, ["slow", "away", "healthy"]);
  assert.deepEqual(
    told.map((text) => [...text][0]),
    ["📅", "🔥", "🐢", "📈", "💥", "📦", "💚", "🌙"],
  );
  assert.ok(clock.elapsed() - begun < (timetable.end + 2) * 1000);
});

test("an alert that goes on is waited for, but not for ever", async () => {
  const { clock, begun, timetable, told, run } = setUp();
  const labels = { alertname: "MessageVolumeSurge" };
  const alert: ActiveAlert = {
    labels,
    annotations: {},
    state: "firing",
    activeAt: new Date(clock.now()).toISOString(),
  };
  await run(async () => ({ active: [alert], history: [] }));
  const minutes = (clock.elapsed() - begun - timetable.end * 1000) / 60_000;
  assert.ok(minutes > 1.9 && minutes < 2.2, `${minutes}`);
  assert.ok(told.includes("🔴 MessageVolumeSurge 告警：MessageVolumeSurge"));
});

test("Prometheus is away for a while: told once, and the messages go on", async () => {
  const { clock, begun, plan, sent, told, run } = setUp();
  await run(async () => {
    const seconds = (clock.elapsed() - begun) / 1000;
    if (seconds > 100 && seconds < 200) throw new Error("fetch failed");
    return NOBODY;
  });
  assert.equal(sent.length, plan.batches.length);
  assert.equal(told.filter((text) => text.includes("暂时看不到告警的变化（fetch failed）")).length, 1);
  assert.equal(told.filter((text) => text === "又看得到告警了").length, 1);
});

test("nobody probes the service: it says so", async () => {
  const { told, run } = setUp({ probes: 0 });
  await run(async () => NOBODY);
  assert.ok(told.some((text) => text.includes("采集程序没有来探测 demo 服务")));
});

function setUp({ probes = 1 } = {}) {
  const clock = fakeClock();
  const { plan, timetable } = planned({ now: clock.now() });
  const sent: { at: number; events: WireEvent[] }[] = [];
  const told: string[] = [];
  const states: string[] = [];
  const wait = async (milliseconds: number) => clock.advance(milliseconds / 1000);
  const tell = (text: string) => told.push(text);
  const sender = createSender({
    post: async (events) => {
      sent.push({ at: clock.elapsed(), events });
      return { kind: "stored" };
    },
    ...{ wait, clock, tell },
  });
  const service: PlayedService = {
    become: async (state) => void states.push(state),
    probes,
    close: async () => {},
  };
  const scenes = createScenes({ timetable, timing: TIMING, plan, hasService: true });
  const run = (look: () => Promise<Sighting>) =>
    play({ plan, scenes, sender, watch: createWatch(NOBODY), service, look, clock, wait, tell });
  return { clock, begun: clock.elapsed(), plan, timetable, sent, told, states, run };
}
