import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createRelayProcess, type RelayProcess } from "../helpers/relay-process.ts";
import { startWecomProcess } from "../helpers/wecom-process.ts";
import { type Delay, measureDelay } from "./relay-delay.ts";
import { GROUP, measureRate, type Rates } from "./relay-rate.ts";
import { measureStorm, STORM, type StormCost } from "./relay-storm.ts";
import { benchStorm } from "./storm.ts";
import { printTable } from "./table.ts";

const HISTORY = 1_000_000;

/** Milliseconds for the newest hundred of the history, and of what failed. */
interface Pages {
  alerts: number;
  failed: number;
}

interface Figures {
  storm: StormCost;
  delay: Delay;
  rates: Rates;
  pages: Pages;
}

/** Both storms, how long an alert takes, how many are accepted, and how all that grows with the history. */
export async function benchRelay(): Promise<void> {
  const grown = await createRelayProcess();
  try {
    const filled = fillHistory(grown.dataDir);
    await benchStorm();
    await filled;
    const relay = await createRelayProcess();
    const empty = await measure(relay).finally(() => relay.remove());
    printFigures(empty);
    printGrowth(await measure(grown), empty);
  } finally {
    await grown.remove();
  }
}

async function fillHistory(folder: string): Promise<void> {
  const script = join(import.meta.dirname, "fill-history.ts");
  const child = spawn(process.execPath, [script, folder, String(HISTORY)], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
}

/** WeCom is a process of its own, and each part has robots of its own: nothing sent before counts against a limit. */
async function measure(relay: RelayProcess): Promise<Figures> {
  const [storming, rating, ...sharing] = Array.from({ length: 22 }, (_, index) => `robot-${index}`);
  const wecom = await startWecomProcess([storming ?? "", rating ?? "", ...sharing]);
  const during = async <T>(keys: string[], work: () => Promise<T>): Promise<T> => {
    await relay.start({ WECOM_ROBOT_KEY: keys.join(","), WECOM_API_BASE: wecom.url });
    return work().finally(() => relay.stop());
  };
  try {
    const storm = await during([storming ?? ""], () => measureStorm(relay, wecom));
    const [delay, pages] = await during(sharing, async () => [
      await measureDelay(relay, wecom),
      await measurePages(relay),
    ]);
    const rates = await during([rating ?? ""], () => measureRate(relay));
    return { storm, delay, pages, rates };
  } finally {
    wecom.close();
  }
}

async function measurePages({ url }: RelayProcess): Promise<Pages> {
  const time = async (path: string) => {
    const begun = performance.now();
    await (await fetch(url + path)).json();
    return performance.now() - begun;
  };
  await time("/api/alerts");
  return { alerts: await time("/api/alerts"), failed: await time("/api/notifications?state=failed") };
}

function printFigures({ storm, delay, rates }: Figures): void {
  printTable("relay", "", [
    { what: "alerts accepted, one a webhook", ours: rates.single, unit: "/s" },
    { what: `alerts accepted, ${GROUP} a webhook`, ours: rates.grouped, unit: "/s" },
    { what: "webhook to WeCom, p50", ours: delay.p50, unit: "ms" },
    { what: "webhook to WeCom, p99", ours: delay.p99, unit: "ms", aim: { atMost: 250 } },
  ]);
  printTable(`storm of ${STORM.alerts.toLocaleString("en")}`, "at once", [
    { what: "named or counted", ours: storm.alerts, peer: STORM.alerts, unit: "", aim: { atLeast: 1 } },
    { what: "critical, named", ours: storm.named, peer: STORM.critical, unit: "", aim: { atLeast: 1 } },
    { what: "refused by WeCom", ours: storm.refused, unit: "", aim: { atMost: 0 } },
    { what: "messages", ours: storm.messages, unit: "", aim: { atMost: 20 } },
    { what: "accepted", ours: storm.accepted, unit: "s", aim: { atMost: 1 } },
    { what: "told", ours: storm.told, unit: "s", aim: { atMost: 60 } },
    { what: "memory before", ours: storm.memory.before, unit: "MB" },
    { what: "memory after", ours: storm.memory.after, unit: "MB" },
  ]);
}

function printGrowth(grown: Figures, empty: Figures): void {
  const row = (what: string, unit: string, figure: (figures: Figures) => number) => ({
    ...{ what, unit, ours: figure(grown), peer: figure(empty) },
  });
  printTable("relay, a million in its history", "none", [
    row("alerts accepted, one a webhook", "/s", ({ rates }) => rates.single),
    row(`alerts accepted, ${GROUP} a webhook`, "/s", ({ rates }) => rates.grouped),
    row("webhook to WeCom, p50", "ms", ({ delay }) => delay.p50),
    row("webhook to WeCom, p99", "ms", ({ delay }) => delay.p99),
    row("storm, named or counted", "", ({ storm }) => storm.alerts),
    row("storm, accepted", "s", ({ storm }) => storm.accepted),
    row("storm, told", "s", ({ storm }) => storm.told),
    row("memory before", "MB", ({ storm }) => storm.memory.before),
    row("memory after", "MB", ({ storm }) => storm.memory.after),
    row("page of alerts", "ms", ({ pages }) => pages.alerts),
    row("page of what failed", "ms", ({ pages }) => pages.failed),
  ]);
}
