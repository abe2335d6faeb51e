import { servicesCollector } from "../../../exporter/collectors/services.ts";

/** What the exporter publishes about one service. */
export interface Probed {
  up: number | undefined;
  seconds: number;
}

/** Seconds: long enough for a busy machine. */
export const PATIENT = 10;

/** @param deadline in seconds */
export async function probe(url: string, deadline = PATIENT): Promise<Probed> {
  const collector = servicesCollector({
    targets: [{ name: "案件系统", url }],
    ownUrl: () => "http://127.0.0.1:1",
    deadline,
    patience: 2 * PATIENT,
  });
  const samples = (await collector.collect()).filter(({ labels }) => labels?.service === "案件系统");
  const value = (metric: string) => samples.find((sample) => sample.metric === metric)?.value;
  return { up: value("service_up"), seconds: value("service_response_time_seconds") ?? Number.NaN };
}
