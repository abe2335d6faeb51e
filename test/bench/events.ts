import autocannon from "autocannon";
import { createExporterProcess, type ExporterProcess } from "../helpers/exporter-process.ts";
import { startPushgateway } from "../helpers/pushgateway.ts";
import { printTable } from "./table.ts";

/** Seconds that each load lasts. */
const DURATION = 8;
const EVENT = '{"type":"message","outcome":"ok","duration_seconds":0.42}';
const BATCH = 20_000;

/** Single durable events beside Pushgateway's pushes, and batches. */
export async function benchEvents(): Promise<void> {
  const peer = await startPushgateway();
  const exporter = await createExporterProcess();
  try {
    await exporter.start();
    const rows = [];
    for (const connections of [16, 64]) {
      const ours = await measureRate(`${exporter.url}/events`, connections, "POST", EVENT);
      const theirs = await measureRate(
        `${peer.url}/metrics/job/bench`,
        connections,
        "PUT",
        "messages_total 1\n",
      );
      const what = `single, ${connections} connections`;
      rows.push({ what, ours, peer: theirs, unit: "/s", aim: { atLeast: 10 } });
    }
    printTable("events", "Pushgateway", rows);
    const [plain, ordered, random] = [
      await measureBatches(exporter, () => ""),
      await measureBatches(exporter, (count) => `,"id":"m-${count}"`),
      await measureBatches(exporter, () => `,"id":"${crypto.randomUUID()}"`, 5),
    ];
    printTable(`events, NDJSON of ${BATCH}`, "", [
      { what: "without ids", ours: plain, unit: "/s", aim: { atLeast: 200_000 } },
      { what: "with ids in order", ours: ordered, unit: "/s" },
      { what: "with random ids", ours: random, unit: "/s" },
    ]);
  } finally {
    peer.stop();
    await exporter.remove();
  }
}

/** @returns requests answered 2xx a second @throws if another answer came */
async function measureRate(
  url: string,
  connections: number,
  method: "POST" | "PUT",
  body: string,
): Promise<number> {
  const load = { url, connections, method, body };
  await autocannon({ ...load, duration: 2 });
  const result = await autocannon({ ...load, duration: DURATION });
  if (result.non2xx + result.errors > 0) throw new Error(`${url}: ${result.non2xx + result.errors} failed`);
  return result["2xx"] / result.duration;
}

/** @param id the part of each event that names its id @returns events a second, two batches under way at a time */
async function measureBatches(
  exporter: ExporterProcess,
  id: (count: number) => string,
  batches = 40,
): Promise<number> {
  let count = 0;
  const bodies = Array.from({ length: batches + 2 }, () =>
    Array.from({ length: BATCH }, () => `{"type":"message","outcome":"ok"${id(count++)}}\n`).join(""),
  );
  await Promise.all(bodies.splice(0, 2).map((body) => postBatch(exporter.url, body)));
  const begun = performance.now();
  const sendNext = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop())
      await postBatch(exporter.url, body);
  };
  await Promise.all([sendNext(), sendNext()]);
  return (batches * BATCH) / ((performance.now() - begun) / 1000);
}

/** @throws unless it was stored */
export async function postBatch(url: string, body: string): Promise<void> {
  const headers = { "Content-Type": "application/x-ndjson" };
  const response = await fetch(`${url}/events`, { method: "POST", headers, body });
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}
