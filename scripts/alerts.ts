import { parseArgs } from "node:util";
import { printAlerts } from "./alerts/print.ts";
import { readActive, readHistory } from "./alerts/read.ts";
import { parseSince } from "./alerts/since.ts";
import { NoAnswerError } from "./stack/ask.ts";
import { look } from "./stack/look.ts";
import { PROJECT, StackError } from "./stack/project.ts";
import { viewStack } from "./stack/view.ts";

/** npm run alerts: what fires, and what was told, to whom. */
await look("npm run alerts [-- --since 24h] [-- --limit 20] [-- --json]", async () => {
  const { values } = parseArgs({
    options: {
      since: { type: "string", default: "24h" },
      limit: { type: "string", default: "20" },
      json: { type: "boolean" },
    },
  });
  const { since, limit } = values;
  const view = await viewStack(PROJECT);
  const from = parseSince(since, view.clock.now());
  if (!/^\d+$/.test(limit) || Number(limit) < 1 || Number(limit) > 1000) {
    throw new StackError("--limit 应为 1 到 1000 的整数");
  }
  const [active, history] = await Promise.all([
    values.json ? undefined : orReason(readActive(view)),
    orReason(readHistory(view, from, Number(limit))),
  ]);
  if (values.json) {
    if (history instanceof NoAnswerError) throw new StackError(history.message);
    process.stdout.write(`${history}\n`);
  } else if (active !== undefined) {
    process.stdout.write(printAlerts(active, history, view));
  }
  return active instanceof NoAnswerError || history instanceof NoAnswerError;
});

/** The other half is shown though one part does not answer. */
async function orReason<T>(answer: Promise<T>): Promise<T | NoAnswerError> {
  return answer.catch((error: unknown) => {
    if (error instanceof NoAnswerError) return error;
    throw error;
  });
}
