import { cpus } from "node:os";
import { benchEvents } from "./events.ts";
import { benchGrowth } from "./growth.ts";
import { benchMemory } from "./memory.ts";
import { benchRelay } from "./relay.ts";
import { benchScrape } from "./scrape.ts";

/*
 * npm run bench [-- scrape events memory growth relay]: exporter and relay beside their peers, on loopback, all figures and
 * ratios from one run. About eight minutes. The ratios are what lasts: machines differ. A missed aim is told, not failed.
 */
const SECTIONS = {
  scrape: benchScrape,
  events: benchEvents,
  memory: benchMemory,
  growth: benchGrowth,
  relay: benchRelay,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(", ")}; there are ${Object.keys(SECTIONS).join(", ")}`);
  process.exit(2);
}
console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`);
for (const [name, run] of Object.entries(SECTIONS)) {
  if (asked.length === 0 || asked.includes(name)) await run();
}
