import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { StoreReply, StoreRequest, StoreSettings } from "./protocol.ts";

/** Milliseconds that a thread gets to close the database. */
const CLOSING = 5000;
/** The body that takes most, 8 MiB of `[{},{},…`, needs 180. Without a limit much more garbage than that is kept. */
const HEAP_MEGABYTES = 320;
const WORKER = new URL("./worker.ts", import.meta.url);

/** The thread that stores events. One that has died is replaced when it is asked again. */
export interface StoreThread {
  /** To be asked again only after the answer. @throws when the thread dies over it */
  ask(request: StoreRequest): Promise<StoreReply>;
  /** Ends it; one that the disk holds up is left behind. */
  stop(): Promise<void>;
}

/** @param entry the module that runs in the thread */
export function createStoreThread(settings: StoreSettings, entry = WORKER): StoreThread {
  let worker: Worker | undefined;
  let asked: PromiseWithResolvers<StoreReply> | undefined;

  function start(): Worker {
    const started = new Worker(entry, {
      workerData: settings,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
    const fail = (error: Error) => {
      if (worker !== started) return;
      worker = undefined;
      asked?.reject(error);
    };
    started.on("message", (reply: StoreReply) => asked?.resolve(reply));
    started.on("error", fail);
    started.on("exit", () => fail(new Error("the thread that stores has ended")));
    return started;
  }

  return {
    ask(request) {
      worker ??= start();
      asked = Promise.withResolvers();
      worker.postMessage(request, [request.bytes]);
      return asked.promise;
    },
    async stop() {
      if (worker === undefined) return;
      const stopping = worker;
      stopping.postMessage("close");
      await once(stopping, "exit", { signal: AbortSignal.timeout(CLOSING) }).catch(() => stopping.unref());
    },
  };
}
