import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Outcome } from "../../scripts/backup/attempt.ts";
import { createSchedule } from "../../scripts/backup/schedule.ts";
import { fakeClock } from "./support/clock.ts";

const MADE: Outcome = { kind: "made" };
const FULL: Outcome = { kind: "failed", why: "磁盘已满" };
const LOCKED: Outcome = { kind: "postponed", why: "另一个备份正在进行" };

interface Story {
  /** Lets minutes pass. */
  pass(minutes: number): Promise<void>;
  /** The one that is being made ends. */
  end(outcome: Outcome): Promise<void>;
  stop(): Promise<void>;
  due: { is: boolean | Error };
  /** Attempts that have begun. */
  attempts: AbortSignal[];
  /** What was told since the last question: why, minutes since it began, and for how many minutes it holds. */
  told(): string[];
}

/** @param outcomes of the first attempts; the next one lasts until it is ended */
async function begin(t: TestContext, outcomes: Outcome[] = []): Promise<Story> {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const clock = fakeClock();
  const attempts: AbortSignal[] = [];
  const due: Story["due"] = { is: true };
  const said: string[] = [];
  let going = Promise.withResolvers<Outcome>();
  const schedule = createSchedule({
    clock,
    isDue() {
      if (typeof due.is === "boolean") return due.is;
      throw due.is;
    },
    make(signal) {
      const outcome = outcomes[attempts.push(signal) - 1];
      going = Promise.withResolvers<Outcome>();
      if (outcome !== undefined) going.resolve(outcome);
      return going.promise;
    },
    async tell({ why, since }, endsAt) {
      said.push(`${why} ${(clock.now() - since) / 60_000} ${(endsAt - clock.now()) / 60_000}`);
    },
  });
  schedule.start();
  await turn();
  return {
    async pass(minutes) {
      for (let minute = 0; minute < minutes; minute += 1) {
        clock.advance(60);
        t.mock.timers.tick(60_000);
        await turn();
      }
    },
    async end(outcome) {
      going.resolve(outcome);
      await turn();
    },
    stop: schedule.stop,
    due,
    attempts,
    told: () => said.splice(0),
  };
}

test("one that is due is made at once, and again only when one is due", async (t) => {
  const { pass, due, attempts, told } = await begin(t, [MADE]);
  due.is = false;
  await pass(120);
  assert.equal(attempts.length, 1);
  due.is = true;
  await pass(1);
  assert.equal(attempts.length, 2);
  assert.deepEqual(told(), []);
});

test("a failure is told each minute, also while the next attempt takes its time, until one is made", async (t) => {
  const { pass, end, attempts, told } = await begin(t, [FULL]);
  assert.deepEqual(told(), ["磁盘已满 0 5"]);
  await pass(59);
  assert.equal(attempts.length, 1);
  assert.equal(told().length, 59);
  await pass(10);
  assert.equal(attempts.length, 2);
  assert.deepEqual(told().slice(-2), ["磁盘已满 68 5", "磁盘已满 69 5"]);
  await end(MADE);
  assert.deepEqual(told(), ["磁盘已满 69 0"]);
});

test("it has begun with the first failure, whatever the later ones say", async (t) => {
  const { pass, told } = await begin(t, [FULL, { kind: "failed", why: "无法写入" }]);
  await pass(60);
  assert.deepEqual(told().slice(-2), ["磁盘已满 60 5", "无法写入 60 5"]);
});

test("while something else is at work it is tried again each minute, and nobody is told", async (t) => {
  const { pass, end, attempts, told } = await begin(t, [LOCKED, LOCKED, LOCKED]);
  await pass(3);
  assert.equal(attempts.length, 4);
  await end(MADE);
  assert.deepEqual(told(), []);
});

test("what is at work for an hour counts as a failure", async (t) => {
  const { pass, attempts, told } = await begin(t, Array(100).fill(LOCKED));
  await pass(59);
  assert.deepEqual(told(), []);
  await pass(1);
  assert.deepEqual(told(), ["另一个备份正在进行 0 5"]);
  await pass(59);
  assert.equal(attempts.length, 61);
});

test("a folder that cannot be read is a failure; what is not due any more has been made", async (t) => {
  const { pass, due, told } = await begin(t, [LOCKED]);
  due.is = new Error("EACCES");
  await pass(1);
  assert.deepEqual(told(), ["EACCES 0 5"]);
  due.is = false;
  await pass(60);
  assert.equal(told().at(-1), "EACCES 60 0");
});

test("stopped in its middle, it is broken off, waited for, and no failure", async (t) => {
  const { end, stop, attempts, told } = await begin(t);
  const stopped = stop();
  assert.equal(attempts[0]?.aborted, true);
  await end(FULL);
  await stopped;
  assert.deepEqual(told(), []);
});
