import { parseArgs } from "node:util";
import { look } from "./stack/look.ts";
import { PROJECT } from "./stack/project.ts";
import { viewStack } from "./stack/view.ts";
import { printStatus } from "./status/print.ts";
import { readStatus } from "./status/read.ts";

/** npm run status: what runs, and the figures of the moment. */
await look("npm run status [-- --json]", async () => {
  const { values } = parseArgs({ options: { json: { type: "boolean" } } });
  const view = await viewStack(PROJECT);
  const status = await readStatus(view);
  process.stdout.write(
    values.json ? `${JSON.stringify(status)}\n` : printStatus(status, view, process.stdout.columns),
  );
  return !status.healthy;
});
