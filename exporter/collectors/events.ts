import type { EventJournal } from "../events/journal.ts";
import type { Collector } from "./collector.ts";

/** Measures nothing: it tells whether events can be stored, before one is lost to a full disk. */
export function eventsCollector(journal: EventJournal): Collector {
  return {
    name: "events",
    deadline: 15_000,
    standing: true,
    async collect() {
      await journal.check();
      return [];
    },
  };
}
