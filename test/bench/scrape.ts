import { Agent, get } from "node:http";
import { createExporterProcess } from "../helpers/exporter-process.ts";
import { startNodeExporter } from "../helpers/node-exporter.ts";
import { cpuSeconds } from "../helpers/process-usage.ts";
import { printTable } from "./table.ts";

const SCRAPES = 3000;
const WARM_UP = 500;

/** Milliseconds; CPU as well, of the process that was asked. */
export interface ScrapeCost {
  p50: number;
  p99: number;
  cpu: number;
}

/** A scrape beside node_exporter's with only its cpu, meminfo and filesystem collectors. */
export async function benchScrape(): Promise<void> {
  const peer = await startNodeExporter();
  const exporter = await createExporterProcess();
  try {
    await exporter.start();
    const ours = await measureScrapes(exporter.url, exporter.pid);
    const theirs = await measureScrapes(peer.url, peer.pid);
    printTable("scrape", "node_exporter", [
      { what: "p50", ours: ours.p50, peer: theirs.p50, unit: "ms", aim: { atMost: 0.5 } },
      { what: "p99", ours: ours.p99, peer: theirs.p99, unit: "ms", aim: { atMost: 1 } },
      { what: "CPU", ours: ours.cpu, peer: theirs.cpu, unit: "ms", aim: { atMost: 0.5 } },
    ]);
  } finally {
    peer.stop();
    await exporter.remove();
  }
}

/** One after the other over one connection, as Prometheus does. */
export async function measureScrapes(url: string, pid: number, scrapes = SCRAPES): Promise<ScrapeCost> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let count = 0; count < WARM_UP; count += 1) await scrape(url, agent);
    const times: number[] = [];
    const before = cpuSeconds(pid);
    for (let count = 0; count < scrapes; count += 1) times.push(await scrape(url, agent));
    const cpu = (cpuSeconds(pid) - before) * 1000;
    times.sort((a, b) => a - b);
    const quantile = (share: number) => times[Math.floor(share * times.length)] ?? Number.NaN;
    return { p50: quantile(0.5), p99: quantile(0.99), cpu: cpu / scrapes };
  } finally {
    agent.destroy();
  }
}

/** @returns milliseconds until the last byte */
function scrape(url: string, agent: Agent): Promise<number> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    get(`${url}/metrics`, { agent }, (response) => {
      response.resume();
      response.on("end", () => resolve(performance.now() - begun));
    }).on("error", reject);
  });
}
