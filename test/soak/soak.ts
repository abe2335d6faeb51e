import { setTimeout as sleep } from "node:timers/promises";
import { residentMegabytes } from "../helpers/process-usage.ts";
import { type Alarms, startAlarms } from "./alarms.ts";
import { type Desk, startDesk } from "./desk.ts";
import { FAULTS } from "./faults.ts";
import { type Field, prepareField } from "./field.ts";
import { createFigures, type Figures } from "./figures.ts";
import { judge } from "./verdict.ts";

/** Milliseconds: a fault this often, and in a short soak often enough for each to happen once. */
const FAULT_EVERY = 3 * 60_000;
/** Milliseconds in which all that waits has to be told once the load has ended. */
const SETTLE = 4 * 60_000;
const SAMPLE_EVERY = 5000;

/** @returns whether nothing was lost, nothing told too often, and memory stayed within its bound */
export async function soak(duration: number, signal: AbortSignal): Promise<boolean> {
  const field = await prepareField();
  const load: { stop(signal: AbortSignal): Promise<void> }[] = [];
  try {
    const figures = createFigures();
    const desk = startDesk(field.stack.urls.exporter, field.stack.env().EXPORTER_TOKEN ?? "");
    const alarms = startAlarms(field.stack.urls.alertmanager);
    load.push(desk, alarms);
    const sampling = setInterval(() => measure(field, figures), SAMPLE_EVERY);
    try {
      await injectFaults(field, figures, duration, signal);
    } finally {
      clearInterval(sampling);
    }
    say("the load ends, what waits is told");
    await Promise.all(
      load.splice(0).map((part) => part.stop(AbortSignal.any([signal, AbortSignal.timeout(SETTLE)]))),
    );
    return await finish(field, { desk, alarms, figures });
  } catch (error) {
    if (!signal.aborted) throw error;
    say("interrupted");
    return false;
  } finally {
    // What it still waits for may be just what is broken.
    await Promise.allSettled(load.map((part) => part.stop(AbortSignal.abort())));
    await field.remove();
  }
}

async function injectFaults(
  field: Field,
  figures: Figures,
  duration: number,
  signal: AbortSignal,
): Promise<void> {
  const interval = Math.min(FAULT_EVERY, duration / (FAULTS.length + 1));
  const end = Date.now() + duration;
  for (let count = 0; Date.now() + interval < end; count += 1) {
    await sleep(interval, undefined, { signal });
    const fault = FAULTS[count % FAULTS.length] as (typeof FAULTS)[number];
    const impossible = fault.impossible?.();
    if (impossible) {
      say(`${fault.name}: skipped, ${impossible}`);
      continue;
    }
    say(fault.name);
    await fault.inject(field);
    figures.faults.push(fault.name);
  }
  await sleep(Math.max(0, end - Date.now()), undefined, { signal });
}

async function finish(
  field: Field,
  parts: { desk: Desk; alarms: Alarms; figures: Figures },
): Promise<boolean> {
  const deadline = Date.now() + SETTLE;
  while (Date.now() < deadline && (await field.pending()) > 0) await sleep(1000);
  parts.figures.sizes.push(field.sizes());
  return judge(field, parts);
}

/** A part that is just down has no memory, whether its process is gone or not quite yet. */
function measure(field: Field, figures: Figures): void {
  for (const { name, pid } of field.processes()) {
    try {
      const megabytes = residentMegabytes(pid);
      if (megabytes > 0) figures.memory.push({ part: name, at: Date.now(), megabytes });
    } catch {}
  }
  if (figures.sizes.length === 0) figures.sizes.push(field.sizes());
}

export function say(text: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
}
