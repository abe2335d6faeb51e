import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { platform } from "node:os";
import { type TestContext, test } from "node:test";
import { createStatfs, type Outcome, type Question } from "../../exporter/collectors/statfs.ts";
import type { Answer, StatfsThread } from "../../exporter/collectors/statfs-thread.ts";
import { until } from "./support/until.ts";

/** Milliseconds. */
const PATIENCE = 500;

const USAGE: Answer = { kind: "usage", used: 1, available: 3 };

/** Threads that get stuck in the paths that hang, as real ones do. */
function fakeThreads(t: TestContext) {
  const hanging = new Map<string, PromiseWithResolvers<Answer>>();
  const asked: string[] = [];
  const listeners = process.listenerCount("exit");
  const state = { alive: 0, held: 0 };
  function startThread(): StatfsThread {
    state.alive += 1;
    return {
      async ask(path) {
        asked.push(path);
        return (await hanging.get(path)?.promise) ?? USAGE;
      },
      hold(on) {
        state.held += on ? 1 : -1;
      },
      end() {
        state.alive -= 1;
      },
    };
  }
  const heal = async (path: string) => {
    hanging.get(path)?.resolve(USAGE);
    hanging.delete(path);
    // What waits for the answer goes on.
    await new Promise((resolve) => setImmediate(resolve));
  };
  t.after(async () => {
    for (const path of [...hanging.keys()]) await heal(path);
    assert.equal(process.listenerCount("exit"), listeners);
  });
  return {
    startThread,
    asked,
    state,
    heal,
    hang: (path: string) => void hanging.set(path, Promise.withResolvers()),
  };
}

const questions = (...paths: string[]): Question[] => paths.map((path) => ({ id: `id of ${path}`, path }));
const kinds = (outcomes: Outcome[]) => outcomes.map(({ kind }) => kind).join(" ");

test("mounts that answer are asked by one thread, which stays for the next round", async (t) => {
  const { startThread, state, asked } = fakeThreads(t);
  const statfs = createStatfs({ patience: PATIENCE, startThread });
  const mounts = questions("/", "/srv");
  assert.deepEqual(await statfs.ask(mounts), [USAGE, USAGE]);
  await statfs.ask(mounts);
  assert.deepEqual(asked, ["/", "/srv", "/", "/srv"]);
  assert.deepEqual(state, { alive: 1, held: 0 });
  statfs.stop();
  assert.equal(state.alive, 0);
});

test("a mount that hangs costs its patience once, and the others nothing", async (t) => {
  const { startThread, state, asked, hang, heal } = fakeThreads(t);
  const statfs = createStatfs({ patience: PATIENCE, startThread });
  const mounts = questions("/", "/a", "/b", "/srv");
  hang("/a");
  hang("/b");
  const begun = performance.now();
  assert.equal(kinds(await statfs.ask(mounts)), "usage hung hung usage");
  assert.ok(performance.now() - begun < 2 * PATIENCE, "one after the other");
  const later = performance.now();
  assert.equal(kinds(await statfs.ask(mounts)), "usage hung hung usage");
  assert.ok(performance.now() - later < PATIENCE, "asked again");
  assert.equal(asked.filter((path) => path === "/a").length, 1);
  assert.deepEqual(state, { alive: 3, held: 0 });
  await heal("/a");
  await heal("/b");
  assert.equal(state.alive, 1);
  assert.equal(kinds(await statfs.ask(mounts)), "usage usage usage usage");
});

test("another mount at the place of one that hangs is asked", async (t) => {
  const { startThread, hang } = fakeThreads(t);
  const statfs = createStatfs({ patience: PATIENCE, startThread });
  hang("/mnt/nas");
  assert.equal(kinds(await statfs.ask([{ id: "1", path: "/mnt/nas" }])), "hung");
  assert.equal(kinds(await statfs.ask([{ id: "2", path: "/mnt/new" }])), "usage");
});

test("stuck threads are limited, and the last thread is kept for the mounts that are well", async (t) => {
  const { startThread, state, hang, heal } = fakeThreads(t);
  const statfs = createStatfs({ patience: PATIENCE, limit: 4, startThread });
  const dead = ["/a", "/b", "/c", "/d", "/e"];
  for (const path of dead) hang(path);
  const mounts = questions("/", ...dead, "/new");
  assert.equal(kinds(await statfs.ask(mounts)), "usage hung hung hung unasked unasked unasked");
  assert.equal(kinds(await statfs.ask(mounts)), "usage hung hung hung unasked unasked unasked");
  assert.equal(state.alive, 4);
  hang("/");
  assert.equal(kinds(await statfs.ask(mounts)), "hung hung hung hung unasked unasked unasked");
  assert.equal(state.alive, 4);
  for (const path of ["/", ...dead]) await heal(path);
  assert.equal(kinds(await statfs.ask(mounts)), "usage usage usage usage usage usage usage");
  assert.equal(state.alive, 1);
});

test("stopped in the middle of a round, no thread is left but the stuck one", async (t) => {
  const { startThread, state, hang } = fakeThreads(t);
  const statfs = createStatfs({ patience: PATIENCE, startThread });
  hang("/a");
  const round = statfs.ask(questions("/a", "/"));
  statfs.stop();
  await round;
  assert.deepEqual(state, { alive: 1, held: 0 });
});

test("a thread that breaks fails its mount alone", async () => {
  const broken: StatfsThread = {
    ask: () => Promise.reject(new Error("out of memory")),
    hold() {},
    end() {},
  };
  const statfs = createStatfs({ patience: PATIENCE, startThread: () => broken });
  const [outcome] = await statfs.ask(questions("/"));
  assert.deepEqual(outcome, {
    kind: "refused",
    code: "THREAD",
    message: "its thread broke: out of memory",
  });
});

test("real threads answer for a folder, say what is wrong with one that is missing, and end", {
  skip: platform() !== "linux" && "threads are counted in /proc",
}, async () => {
  const threads = () => readdirSync("/proc/self/task").length;
  const statfs = createStatfs();
  const [usage, missing] = await statfs.ask(questions("/", "/no/such/folder"));
  assert.equal(usage?.kind, "usage");
  assert.ok(missing?.kind === "refused" && missing.code === "ENOENT");
  const alive = threads();
  statfs.stop();
  await until("the thread has ended", () => threads() < alive);
});
