import { statSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../helpers/eventually.ts";
import { createExporterProcess } from "../helpers/exporter-process.ts";
import { offer } from "./memory.ts";
import { measureProbing, startTarget } from "./probing.ts";
import { measureScrapes, type ScrapeCost } from "./scrape.ts";
import { printTable } from "./table.ts";

const INTERVAL = 15;
const SCRAPES = 500;

/** How scrapes and probes grow with the services, and scrapes with the ids that are remembered. */
export async function benchGrowth(): Promise<void> {
  const one = await scrapeWithServices(1);
  const hundred = await scrapeWithServices(100);
  const thousand = await scrapeWithServices(1000);
  const row = (what: string, ours: number, peer: number) => ({ what, ours, peer, unit: "ms" });
  printTable("scrape, services", "1 service", [
    row("100, p50", hundred.p50, one.p50),
    row("1,000, p50", thousand.p50, one.p50),
    row("1,000, p99", thousand.p99, one.p99),
  ]);
  const { before, after, size } = await scrapeWithIds();
  printTable("scrape, ids", "none", [
    row("a million ids, p50", after.p50, before.p50),
    row("a million ids, p99", after.p99, before.p99),
    { what: "on disk", ours: size, unit: "MB" },
  ]);
  const probing = [];
  for (const services of [1, 100, 500, 1000]) {
    const { cpu, delay } = await measureProbing(services);
    const aim = services === 500 ? { aim: { atMost: 0.1 } } : {};
    probing.push({
      what: `${services}, cores at every ${INTERVAL} s`,
      ours: cpu / INTERVAL,
      unit: "",
      ...aim,
    });
    probing.push({ what: `${services}, longest delay of the loop`, ours: delay, unit: "ms" });
  }
  printTable("probing", "", probing);
}

async function scrapeWithServices(services: number): Promise<ScrapeCost> {
  const target = await startTarget();
  const lines = Array.from({ length: services }, (_, index) => `service_${index} = ${target.url}\n`);
  const exporter = await createExporterProcess(
    `collect_interval = ${INTERVAL}\n\n[services]\n${lines.join("")}`,
  );
  try {
    await exporter.start();
    await eventually("every service is probed", async () => {
      const text = await (await fetch(`${exporter.url}/metrics`)).text();
      return (text.match(/^service_up\{.*\} 1$/gm)?.length ?? 0) === services + 1;
    });
    return await measureScrapes(exporter.url, exporter.pid, SCRAPES);
  } finally {
    target.server.kill();
    await exporter.remove();
  }
}

async function scrapeWithIds(): Promise<{ before: ScrapeCost; after: ScrapeCost; size: number }> {
  const exporter = await createExporterProcess();
  try {
    await exporter.start();
    const before = await measureScrapes(exporter.url, exporter.pid);
    await offer(exporter.url, 1_000_000, (count) => `,"id":"m-${count}"`);
    const after = await measureScrapes(exporter.url, exporter.pid);
    return { before, after, size: statSync(join(exporter.dataDir, "events.db")).size / 1e6 };
  } finally {
    await exporter.remove();
  }
}
