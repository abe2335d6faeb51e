import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { createExporterProcess } from "../helpers/exporter-process.ts";
import { residentMegabytes } from "../helpers/process-usage.ts";
import { postBatch } from "./events.ts";
import { printTable } from "./table.ts";

const MILLION = 1_000_000;
const BATCH = 1000;

/** Resident memory beside an empty Node process, after a million events and after ten million ids. */
export async function benchMemory(): Promise<void> {
  const empty = await measureEmptyNode();
  const exporter = await createExporterProcess();
  try {
    await exporter.start();
    const memory = () => residentMegabytes(exporter.pid);
    const started = memory();
    await offer(exporter.url, MILLION, () => "");
    const events = memory();
    await offer(exporter.url, 10 * MILLION, (count) => `,"id":"m-${count}"`);
    const ids = memory();
    const rows = { started, "a million events": events, "ten million ids": ids };
    printTable(
      "memory",
      "empty Node",
      Object.entries(rows).map(([what, ours]) => ({
        what,
        ours,
        peer: empty,
        unit: "MB",
        aim: { atMost: 2 },
      })),
    );
  } finally {
    await exporter.remove();
  }
}

async function measureEmptyNode(): Promise<number> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await sleep(1000);
  const memory = residentMegabytes(child.pid ?? 0);
  child.kill();
  return memory;
}

/** @param id the part of an event that names its id */
export async function offer(url: string, events: number, id: (count: number) => string): Promise<void> {
  for (let count = 0; count < events; count += BATCH) {
    const lines = Array.from({ length: BATCH }, (_, index) => `{"type":"case"${id(count + index)}}\n`);
    await postBatch(url, lines.join(""));
  }
}
