import { parseArgs } from "node:util";
import { globalSetup } from "../helpers/global-setup.ts";
import { soak } from "./soak.ts";

/*
 * npm run soak [-- --minutes N]: the real stack under a steady load, with a fault every few minutes. An hour by default,
 * in which thirty hours of rules and scrapes pass. Exit code 1 if anything was lost or told too often, or memory grew.
 */
const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });
const minutes = Number(values.minutes);
if (!(minutes >= 3 && minutes <= 24 * 60)) {
  console.error("--minutes takes 3 to 1440");
  process.exit(2);
}
// A clone has no servers yet, and without them npm start does with less.
await globalSetup();
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort());
const passed = await soak(minutes * 60_000, interruption.signal);
process.exit(passed ? 0 : 1);
