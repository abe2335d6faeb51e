import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { WecomMessage } from "./wecom-server.ts";

/** What a WeCom server has taken and refused so far. */
export interface WecomRecord {
  messages: WecomMessage[];
  refusals: number[];
}

/** WeCom's server in a process of its own: nothing that happens in this one makes it late. */
export interface WecomProcess {
  url: string;
  read(): Promise<WecomRecord>;
  close(): void;
}

/** @param keys of its robots */
export async function startWecomProcess(keys: string[]): Promise<WecomProcess> {
  const child = fork(join(import.meta.dirname, "wecom-process-entry.ts"), keys);
  const [url] = (await once(child, "message")) as [string];
  return {
    url,
    async read() {
      child.send("read");
      const [record] = (await once(child, "message")) as [WecomRecord];
      return record;
    },
    close: () => void child.kill(),
  };
}
