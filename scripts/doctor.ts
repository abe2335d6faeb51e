import { parseArgs } from "node:util";
import { runChecks } from "./doctor/check.ts";
import { CHECKS } from "./doctor/index.ts";
import { askLikeTheRelay } from "./doctor/outside.ts";
import { count, print } from "./doctor/print.ts";
import { createRedaction } from "./doctor/redaction.ts";
import { sendTestCheck } from "./doctor/send-test.ts";
import { look } from "./stack/look.ts";
import { PROJECT } from "./stack/project.ts";
import { viewStack } from "./stack/view.ts";

/** npm run doctor: why it does not work, by looking. @returns whether there are problems */
async function doctor(options: { json: boolean; sendTest: boolean }): Promise<boolean> {
  const view = await viewStack(PROJECT);
  askLikeTheRelay(view.settings.env);
  const checks = options.sendTest ? [...CHECKS, sendTestCheck] : CHECKS;
  const redact = createRedaction(view.settings.env);
  const findings = (await runChecks(checks, view)).map(redact);
  const summary = count(findings);
  const report = {
    checkedAt: new Date(view.clock.now()).toISOString(),
    result: summary.problem > 0 ? "problems" : "ok",
    summary,
    findings,
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : print(findings));
  return summary.problem > 0;
}

await look("npm run doctor [-- --json] [-- --send-test]", async () => {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, "send-test": { type: "boolean" } } });
  return doctor({ json: values.json ?? false, sendTest: values["send-test"] ?? false });
});
