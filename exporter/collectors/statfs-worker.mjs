// One thread that asks file systems for their usage and may wait for ever. It is JavaScript because a thread that
// finds its TypeScript not compiled yet (service/compile-cache.mjs) loads a compiler of its own: 18 MB instead of 7.
import { statfsSync } from "node:fs";
import { parentPort } from "node:worker_threads";

parentPort?.on("message", (path) => parentPort?.postMessage(ask(path)));

/** @returns the Answer of statfs-thread.ts */
function ask(path) {
  try {
    const { blocks, bfree, bavail } = statfsSync(path);
    return { kind: "usage", used: blocks - bfree, available: bavail };
  } catch ({ code, message }) {
    return { kind: "refused", code, message };
  }
}
