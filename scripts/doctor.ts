import { setGlobalProxyFromEnv } from "node:http";
import { parseArgs } from "node:util";
import { optional } from "../config/environment.ts";
import { readProxies } from "../config/proxies.ts";
import { runChecks } from "./doctor/check.ts";
import { CHECKS } from "./doctor/index.ts";
import { count, print } from "./doctor/print.ts";
import { createRedaction } from "./doctor/redaction.ts";
import { sendTestCheck } from "./doctor/send-test.ts";
import { look } from "./stack/look.ts";
import { PROJECT } from "./stack/project.ts";
import { type StackView, viewStack } from "./stack/view.ts";

/** npm run doctor: why it does not work, by looking. @returns whether there are problems */
async function doctor(options: { json: boolean; sendTest: boolean }): Promise<boolean> {
  const view = await viewStack(PROJECT);
  useProxies(view);
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

/** WeCom is asked the way that the relay takes; the parts themselves are near. */
function useProxies({ settings: { env } }: StackView): void {
  try {
    const proxies = readProxies(env);
    const near = [proxies.NO_PROXY, optional(env, "HOST")].filter((names) => names !== undefined);
    setGlobalProxyFromEnv({ ...proxies, NO_PROXY: near.join(",") });
  } catch {
    // Told by the check of the settings.
  }
}

await look("npm run doctor [-- --json] [-- --send-test]", async () => {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, "send-test": { type: "boolean" } } });
  return doctor({ json: values.json ?? false, sendTest: values["send-test"] ?? false });
});
