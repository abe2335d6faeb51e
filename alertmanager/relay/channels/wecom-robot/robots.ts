import { createHash } from "node:crypto";
import type { Clock } from "../../../../service/clock.ts";
import type { Limit, Reservation, Window } from "../../outbox/window.ts";
import type { Outcome } from "../channel.ts";
import type { WecomRobotSettings } from "./settings.ts";

/** A robot's limit (https://developer.work.weixin.qq.com/document/path/91770). */
export const ROBOT_LIMIT: Limit = { messages: 20, span: 60_000 };

/** Milliseconds for which a robot that cannot be used is asked only if no other can be. */
const BROKEN_FOR = 10 * 60_000;
/** Milliseconds for which one that says that it is used up is left alone: somebody else may be using it too. */
const LONGEST_FULL = 60_000;
const SHORTEST_FULL = 1000;

/** Times are in milliseconds since the epoch. */
export interface Robot {
  key: string;
  /** Its name on disk: without its key. */
  sender: string;
  /** When it was last refused for its set-up. */
  brokenAt: number;
  /** Until when it has said to be used up. */
  fullUntil: number;
  /** When it last called people beside a message. */
  calledAt: number;
}

/** The robots of one channel, and which of them comes next. */
export interface Robots {
  all: Robot[];
  /** Messages that they could send at once. */
  capacity(): number;
  /** The one with the most room first, those that were refused last. */
  inOrder(): Robot[];
  reserve(robot: Robot): Reservation;
  /** @returns whether another should be asked */
  note(robot: Robot, outcome: Outcome): boolean;
}

interface RobotsOptions {
  settings: WecomRobotSettings;
  clock: Clock;
  window: Window;
}

export function createRobots({ settings, clock, window }: RobotsOptions): Robots {
  const never = Number.NEGATIVE_INFINITY;
  const all = settings.keys.map(
    (key): Robot => ({ key, sender: senderName(key), brokenAt: never, fullUntil: never, calledAt: never }),
  );
  // Neither for longer than it can be: the clock may have been set back since.
  const isWhole = ({ brokenAt }: Robot) => clock.now() < brokenAt || clock.now() - brokenAt >= BROKEN_FOR;
  const isFull = ({ fullUntil }: Robot) => clock.now() < fullUntil && fullUntil <= clock.now() + LONGEST_FULL;
  const room = (robot: Robot) => (isFull(robot) ? 0 : window.room(robot.sender, ROBOT_LIMIT));
  return {
    all,
    capacity() {
      const whole = all.filter(isWhole);
      return (whole.length > 0 ? whole : all).reduce((sum, robot) => sum + room(robot), 0);
    },
    inOrder: () => all.toSorted((a, b) => Number(isWhole(b)) - Number(isWhole(a)) || room(b) - room(a)),
    reserve: (robot) =>
      isFull(robot) ? { granted: false, until: robot.fullUntil } : window.reserve(robot.sender, ROBOT_LIMIT),
    note(robot, outcome) {
      if (outcome.kind === "sent") robot.brokenAt = never;
      const isUsedUp = outcome.kind === "retry" && outcome.reason === "rate_limited";
      if (isUsedUp) robot.fullUntil = outcome.until ?? clock.now() + SHORTEST_FULL;
      const isRefused = outcome.kind === "failed" && outcome.reason === "setup";
      if (isRefused) robot.brokenAt = clock.now();
      return isUsedUp || isRefused;
    },
  };
}

/** Tells robots apart on disk without keeping their keys there. */
function senderName(key: string): string {
  return `wecom-robot ${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
}
