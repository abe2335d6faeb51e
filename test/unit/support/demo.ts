import { createPlan, type Plan } from "../../../scripts/demo/plan.ts";
import { createRandom } from "../../../scripts/demo/random.ts";
import { createTimetable, type Timetable, type Timing } from "../../../scripts/demo/timetable.ts";

/** The rules and routes as committed. */
export const TIMING: Timing = {
  scrape: 15,
  evaluation: 15,
  collect: 15,
  groupWait: 30,
  groupInterval: 60,
  alerts: {
    HighMessageErrorRate: { for: 60, keep: 180 },
    MessageVolumeSurge: { for: 60, keep: 180 },
    SlowServiceResponse: { for: 120, keep: 180 },
    ServiceDown: { for: 60, keep: 180 },
  },
};

/** As in config.ini. */
export const THRESHOLDS = { errorRate: 0.1, messageGrowth: 5, messageGrowthFloor: 20 };

export const NOON = Date.parse("2026-02-12T12:00:00+08:00");

export interface PlanSettings {
  minutes?: number;
  seed?: number;
  now?: number;
  timezone?: string;
  before?: { today: number; yesterday: number };
  thresholds?: typeof THRESHOLDS;
}

export function planned({
  minutes = 15,
  seed = 1,
  now = NOON,
  timezone = "Asia/Shanghai",
  before = { today: 0, yesterday: 0 },
  thresholds = THRESHOLDS,
}: PlanSettings = {}): { plan: Plan; timetable: Timetable } {
  const timetable = createTimetable(TIMING, undefined, minutes);
  const plan = createPlan({ timetable, timezone, now, random: createRandom(seed), before, thresholds });
  return { plan, timetable };
}
