import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { confirm, currentFolder, goBack, lastGood, publish } from "../../scripts/stack/publish.ts";
import { temporaryFolder } from "./support/folder.ts";

/** A folder with these renderings, none of them current. */
function renderings(t: TestContext, ...hashes: string[]): string {
  const out = temporaryFolder(t);
  for (const hash of hashes) mkdirSync(join(out, hash));
  return out;
}

const current = (out: string) => readlinkSync(currentFolder(out));

test("the first one is current, with none to go back to", (t) => {
  const out = renderings(t, "a");
  assert.equal(lastGood(out), undefined);
  assert.equal(publish(out, "a"), false);
  assert.equal(current(out), "a");
  assert.equal(goBack(out), false);
  assert.equal(current(out), "a");
});

test("another one is current at once, and the one before stays until it is confirmed", (t) => {
  const out = renderings(t, "a", "b", ".draft-1");
  publish(out, "a");
  assert.equal(publish(out, "b"), true);
  assert.equal(current(out), "b");
  assert.equal(lastGood(out), join(out, "a"));
  assert.deepEqual(readdirSync(out).sort(), [".draft-1", "a", "b", "current", "previous"]);
  confirm(out);
  assert.equal(lastGood(out), join(out, "b"));
  assert.deepEqual(readdirSync(out).sort(), ["b", "current"]);
});

test("the same again is no change", (t) => {
  const out = renderings(t, "a");
  publish(out, "a");
  confirm(out);
  assert.equal(publish(out, "a"), false);
  assert.deepEqual(readdirSync(out).sort(), ["a", "current"]);
});

test("going back makes the one before current, and keeps it", (t) => {
  const out = renderings(t, "a", "b");
  publish(out, "a");
  publish(out, "b");
  assert.equal(goBack(out), true);
  assert.equal(current(out), "a");
  assert.equal(publish(out, "a"), false);
  assert.equal(goBack(out), false, "once");
});

test("after a change that was broken off, what is gone back to is the last that was confirmed", (t) => {
  const out = renderings(t, "a", "b", "c");
  publish(out, "a");
  confirm(out);
  publish(out, "b");
  // The machine stops here; who knows which of them the servers have read.
  assert.equal(publish(out, "b"), true, "still to be confirmed");
  assert.equal(publish(out, "c"), true);
  assert.equal(lastGood(out), join(out, "a"));
  goBack(out);
  assert.equal(current(out), "a");
});
