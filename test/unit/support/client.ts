import type { RequestListener } from "node:http";
import type { TestContext } from "node:test";
import { createMonitoringClient, type MonitoringClient } from "../../../client/client.ts";
import type { MonitoringError } from "../../../client/error.ts";
import type { Timing } from "../../../client/sender.ts";
import type { MonitoringOptions } from "../../../client/settings.ts";
import type { WireEvent } from "../../../client/wire.ts";
import { freePorts } from "../../helpers/ports.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { type ExporterSettings, sample, startExporter, type TestExporter } from "./exporter.ts";
import { temporaryFolder } from "./folder.ts";
import { listen } from "./server.ts";

/** As the real ones, but hundreds of times shorter. */
export const TIMING: Timing = {
  interval: 5,
  timeout: 2000,
  firstRetry: 2,
  longestRetry: 20,
  slowRetry: 20,
  exit: 500,
};

export interface TestClient extends MonitoringClient {
  /** What onError was told, as "kind: message". */
  told: string[];
}

/** A client of its own that reports to `url`, with the clock of the exporters in the tests. */
export function startClient(
  url: string,
  { timing = {}, ...options }: MonitoringOptions & { timing?: Partial<Timing>; clock?: FakeClock } = {},
): TestClient {
  const told: string[] = [];
  const clock = options.clock ?? fakeClock();
  const client = createMonitoringClient({
    env: { MONITORING_URL: url },
    now: clock.now,
    timing: { ...TIMING, ...timing },
  });
  const onError = ({ kind, message }: MonitoringError) => told.push(`${kind}: ${message}`);
  // Takes the options before its first wait; whether the exporter is there does not matter.
  void client.startMonitoring({ onError, ...options });
  return Object.assign(client, { told });
}

const COUNTERS = [
  "wecom_messages_total",
  "wecom_messages_errors_total",
  "wecom_message_processing_seconds_sum",
  "consultations_total",
  "cases_total",
  "satisfaction_score_sum",
];

/** By COUNTERS. */
export async function counts({ text }: TestExporter): Promise<(number | undefined)[]> {
  const scrape = await text("/metrics");
  return COUNTERS.map((name) => sample(scrape, name));
}

/** One event of each type, two of messages. */
export function recordAll(client: TestClient): void {
  client.recordMessage({ outcome: "ok", durationSeconds: 0.5 });
  client.recordMessage({ outcome: "error" });
  client.recordConsultation();
  client.recordCase();
  client.recordSatisfaction({ score: 4.5 });
}
/** What recordAll() makes of counts(). */
export const ALL = [2, 1, 0.5, 1, 1, 4.5];

/** An exporter that can go away and come back, with the same data on the same port. */
export async function startAbsentExporter(t: TestContext, settings: ExporterSettings = {}) {
  const [port = 0] = await freePorts(1);
  const dataDir = temporaryFolder(t);
  return {
    url: `http://127.0.0.1:${port}`,
    comeBack: (changes: ExporterSettings = {}): Promise<TestExporter> =>
      startExporter(t, { ...settings, ...changes, dataDir, config: { metricsPort: port } }),
  };
}

/** What stands between client and exporter. `forward` asks the exporter itself. */
export type Interference = (
  events: WireEvent[],
  forward: () => Promise<{ status: number; text: string }>,
  ...http: Parameters<RequestListener>
) => Promise<void>;

/** A proxy that does with every batch of events what it is told to. @returns its address */
export function interfere(t: TestContext, exporter: TestExporter, act: Interference): Promise<string> {
  return listen(t, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const forward = async () => {
      const answer = await fetch(exporter.url + request.url, {
        method: request.method ?? "GET",
        ...(request.method === "POST" && { body }),
      });
      return { status: answer.status, text: await answer.text() };
    };
    if (request.url === "/events") await act(JSON.parse(body), forward, request, response);
    else response.end((await forward()).text);
  });
}
