import type { RequestListener } from "node:http";
import type { TestContext } from "node:test";
import type { Config } from "../../../config/config.ts";
import type { Env } from "../../../config/environment.ts";
import type { Check, Finding } from "../../../scripts/doctor/check.ts";
import type { PartName } from "../../../scripts/stack/addresses.ts";
import { createAsk } from "../../../scripts/stack/ask.ts";
import type { ProcessRecord } from "../../../scripts/stack/processes.ts";
import { statePaths } from "../../../scripts/stack/project.ts";
import { PARTS, type PartState, type StackView } from "../../../scripts/stack/view.ts";
import { testConfig } from "./exporter.ts";
import { temporaryFolder } from "./folder.ts";
import { listen } from "./server.ts";

/** What a part answers by path: JSON, text, or the status alone; anything else is a 404. */
export type Answers = Record<string, unknown>;

export interface ViewOptions {
  config?: Partial<Config>;
  env?: Env;
  /** Those that answer; the others that run do not. */
  answers?: Partial<Record<PartName, Answers | RequestListener>>;
  /** Those that have died. */
  dead?: PartName[];
  absent?: PartName[];
  /** Milliseconds since the epoch. */
  now?: number;
  /** When everything was started; the default is long ago. */
  since?: number;
  change?: (view: StackView) => void;
}

/** Nobody listens there. */
const NOBODY = "http://127.0.0.1:1";

/** A native stack whose parts are small servers on loopback. */
export async function testView(t: TestContext, options: ViewOptions = {}): Promise<StackView> {
  const { answers = {}, dead = [], absent = [], since = 0, now = Date.now() } = options;
  const urls = new Map<PartName, string>();
  for (const [part, said] of Object.entries(answers) as [PartName, Answers | RequestListener][]) {
    urls.set(part, await listen(t, typeof said === "function" ? said : answering(said)));
  }
  const state = (part: PartName): PartState => ({
    isRunning: !dead.includes(part),
    isHealthy: true,
    since,
    url: urls.get(part) ?? NOBODY,
    record: {} as ProcessRecord,
  });
  const project = temporaryFolder(t);
  const settings = { config: testConfig(options.config), configText: "", env: options.env ?? {} };
  const started = PARTS.filter((part) => !absent.includes(part));
  const view: StackView = {
    project,
    paths: statePaths(`${project}/.stack`),
    settings,
    refused: undefined,
    runtime: { kind: "native", parts: Object.fromEntries(started.map((part) => [part, state(part)])) },
    ports: { exporter: 1, relay: 1, prometheus: 1, alertmanager: 1, grafana: 1 },
    ask: createAsk(project, settings, (part) => urls.get(part) ?? NOBODY),
    clock: { now: () => now },
  };
  options.change?.(view);
  return view;
}

function answering(answers: Answers): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://part");
    const answer =
      answers[`${pathname}${new URL(request.url ?? "", "http://part").search}`] ?? answers[pathname];
    if (answer === undefined) return void response.writeHead(404).end();
    if (typeof answer === "number") return void response.writeHead(answer).end();
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  };
}

/** Each finding as an operator reads it. */
export async function findings(check: Check, view: StackView): Promise<string[]> {
  return (await check.run(view)).map(tell);
}

export function tell(finding: Finding): string {
  const rest = [...("why" in finding ? [finding.why] : []), ...("remedy" in finding ? [finding.remedy] : [])];
  return [`${finding.level}: ${finding.what}`, ...rest].join(" | ");
}
