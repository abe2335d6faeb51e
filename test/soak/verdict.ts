import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { namesIn } from "../helpers/told.ts";
import { sample } from "../unit/support/exporter.ts";
import type { Alarms } from "./alarms.ts";
import type { Desk } from "./desk.ts";
import { MAY_REPEAT } from "./faults.ts";
import type { Field } from "./field.ts";
import { atThreeTimes, type Figures } from "./figures.ts";

/** What was written here: how much memory the servers take is theirs. */
const OURS = ["exporter", "relay"];
/** Megabytes that these may take more at the end than at the beginning. */
const MAY_GROW = 32;

interface Line {
  what: string;
  is: string;
  /** What it should have been; undefined where it is, or nothing is demanded. */
  wrong: string | undefined;
}

/** Stops the stack, compares what it did with what was asked of it, and prints it. @returns whether all is right */
export async function judge(
  field: Field,
  { desk, alarms, figures }: { desk: Desk; alarms: Alarms; figures: Figures },
): Promise<boolean> {
  const scrape = await fetch(`${field.stack.urls.exporter}/metrics`).then((answer) => answer.text());
  await field.stack.down();
  const told = readTold(join(field.stack.folder, ".stack/data"));
  const lines = [
    ...counted(scrape, desk),
    ...alerts(told, alarms.names),
    ...repeated(field, told, figures),
    ...memory(figures),
    ...growth(figures),
  ];
  console.log("");
  for (const { what, is, wrong } of lines)
    console.log(`${what.padEnd(38)} ${is}${wrong === undefined ? "" : `   WRONG: ${wrong}`}`);
  return lines.every(({ wrong }) => wrong === undefined);
}

function counted(scrape: string, { ids, cases, refused }: Desk): Line[] {
  const total = sample(scrape, "consultations_total") ?? Number.NaN;
  const single = sample(scrape, "cases_total") ?? Number.NaN;
  const most = cases.counted + cases.unknown;
  return [
    line("events with an id, counted", total, total === ids ? undefined : `${ids} were sent`),
    line(
      "events without one, counted",
      single,
      single >= cases.counted && single <= most ? undefined : `${cases.counted} to ${most} were`,
    ),
    line("requests refused or unanswered", refused),
  ];
}

/** By alertname, how each notification ended. */
type Told = Map<string, { state: string; status: string; reason: string | null; counted: boolean }[]>;

function readTold(dataDir: string): Told {
  const database = new DatabaseSync(join(dataDir, "relay.db"));
  const rows = database
    .prepare(
      `SELECT labels ->> 'alertname' AS name, state, alerts.status, reason, detail
       FROM alerts LEFT JOIN notifications ON alert_id = alerts.id`,
    )
    .all();
  database.close();
  const told: Told = new Map();
  for (const { name, state, status, reason, detail } of rows) {
    const all = told.get(String(name)) ?? [];
    const isCounted = String(detail).startsWith("只计入数目");
    all.push({
      ...{ state: String(state), status: String(status), counted: isCounted },
      reason: reason === null ? null : String(reason),
    });
    told.set(String(name), all);
  }
  return told;
}

function alerts(told: Told, names: string[]): Line[] {
  const missing = names.filter((name) => !told.has(name));
  const rows = [...told.values()].flat();
  const untold = rows.filter(
    ({ state, reason }) => state !== "sent" && !(state === "failed" && reason !== null),
  );
  const open = names.filter((name) => told.get(name)?.some(({ status }) => status === "firing"));
  const service = told.get("ServiceDown")?.length ?? 0;
  return [
    line("alerts posted to Alertmanager", names.length, missing.length > 0 ? `lost: ${missing}` : undefined),
    line("of them still firing in the history", open.length, open.length > 0 ? `${open}` : undefined),
    line("notifications of all alerts", rows.length),
    line("neither sent nor failed with a reason", untold.length, untold.length > 0 ? "0" : undefined),
    line("failed, with a reason", rows.filter(({ state }) => state === "failed").length),
    line("notifications of Prometheus' ServiceDown", service, service > 0 ? undefined : "some"),
  ];
}

/** A message that WeCom took and the relay could not note is sent again after a crash. */
function repeated({ messages }: Field, told: Told, { faults }: Figures): Line[] {
  const named = Map.groupBy(messages().flatMap(namesIn), (name) => name);
  const silent: string[] = [];
  let twice = 0;
  for (const [name, rows] of told) {
    const sent = rows.filter(({ state, counted }) => state === "sent" && !counted);
    const tellings = named.get(name)?.length ?? 0;
    if (/^Storm/.test(name) && sent.length > 0 && tellings === 0) silent.push(name);
    if (/^Storm/.test(name)) twice += Math.max(0, tellings - sent.length);
  }
  const allowed = faults.filter((name) => MAY_REPEAT.includes(name)).length;
  return [
    line("messages that WeCom took", messages().length),
    line("sent, but named in no message", silent.length, silent.length > 0 ? `${silent}` : undefined),
    line(
      "told twice",
      twice,
      twice > allowed ? `at most ${allowed}, one a fault that can cause it` : undefined,
    ),
    line(
      "faults",
      `${faults.length}: ${[...new Set(faults)].join(", ")}`,
      faults.length > 0 ? undefined : "some",
    ),
  ];
}

function memory({ memory: samples }: Figures): Line[] {
  const byPart = Map.groupBy(samples, ({ part }) => part);
  return [...new Set([...OURS, ...byPart.keys()])].map((part) => {
    const { begin, middle, end } = atThreeTimes(byPart.get(part) ?? []);
    // Not a number where nothing was measured, which is no more right than growth is.
    const isFlat = !OURS.includes(part) || end - begin <= MAY_GROW;
    const text = [begin, middle, end].map((value) => value.toFixed(0)).join(" → ");
    return line(`memory of ${part}, MB`, text, isFlat ? undefined : `at most ${MAY_GROW} more at the end`);
  });
}

function growth({ sizes }: Figures): Line[] {
  const [begin = {}, end = {}] = sizes;
  return Object.entries(end).map(([name, size]) =>
    line(`on disk: ${name}, MB`, `${(begin[name] ?? 0).toFixed(1)} → ${size.toFixed(1)}`),
  );
}

function line(what: string, is: string | number, wrong?: string): Line {
  return { what, is: String(is), wrong };
}
