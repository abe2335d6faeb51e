import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { reasonOf, unlessInterrupted, watchInterruption } from "../../scripts/stack/interruption.ts";

test("the first signal aborts, also where npm hands it on once more", (t) => {
  const told: string[] = [];
  const interruption = watchInterruption((text) => told.push(text));
  t.after(interruption.close);
  const exit = t.mock.method(process, "exit", () => undefined as never);
  process.emit("SIGINT", "SIGINT");
  process.emit("SIGINT", "SIGINT");
  assert.ok(interruption.signal.aborted);
  assert.equal(interruption.exitCode, 130);
  assert.equal(told.length, 1);
  assert.equal(exit.mock.callCount(), 0);
});

test("a second one ends at once", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const told: string[] = [];
  const interruption = watchInterruption((text) => told.push(text));
  t.after(interruption.close);
  const exit = t.mock.method(process, "exit", () => undefined as never);
  process.emit("SIGTERM", "SIGTERM");
  t.mock.timers.tick(1500);
  process.emit("SIGINT", "SIGINT");
  assert.deepEqual(exit.mock.calls[0]?.arguments, [130]);
  assert.match(told[1] ?? "", /可能有部分没有在运行：请执行 npm start/);
});

test("a command that takes nothing back says so in its own words", (t) => {
  const told: string[] = [];
  const words = { first: "no more is sent", second: "ended" };
  const interruption = watchInterruption((text) => told.push(text), words);
  t.after(interruption.close);
  process.emit("SIGINT", "SIGINT");
  assert.deepEqual(told, ["\nno more is sent\n"]);
});

test("work that changes nothing is not waited for", async () => {
  const abort = new AbortController();
  const working = unlessInterrupted(sleep(60_000, "done", { ref: false }), abort.signal);
  abort.abort(new Error("interrupted"));
  await assert.rejects(working, /interrupted/);
  await assert.rejects(unlessInterrupted(Promise.resolve("done"), abort.signal), /interrupted/);
  assert.equal(await unlessInterrupted(Promise.resolve("done"), new AbortController().signal), "done");
  assert.equal(reasonOf(new Error("promtool"), abort.signal).message, "已中断。");
});
