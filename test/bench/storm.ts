import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../../scripts/stack/servers.ts";
import { startAlertmanager, type TestAlertmanager } from "../helpers/alertmanager.ts";
import { newestAlertmanager } from "../helpers/newest-alertmanager.ts";
import { sum, tellAll } from "../helpers/read-messages.ts";
import { createRelayProcess, nothingWaits } from "../helpers/relay-process.ts";
import { numberOf, stormAlert, titleOf } from "../helpers/storm.ts";
import { startWecomProcess, type WecomRecord } from "../helpers/wecom-process.ts";
import type { WecomMessage } from "../helpers/wecom-server.ts";
import { printTable } from "./table.ts";
import { startWecomApplication, type WecomApplication } from "./wecom-application.ts";

const ALERTS = 200;
/** Few enough that each, firing and resolved, is counted by itself. */
const KINDS = 4;
/** Milliseconds. */
const BEGIN_WITHIN = 60_000;
/** Seconds: how long each alert lasts, and how long Alertmanager waits before it tells of it, and then again. */
const LASTS = 60;
const WAIT = 5;
const INTERVAL = 60;
/** Seconds for messages that are under way. */
const SPARE = 5;

const KEY = "storm";

/**
 * 200 alerts that begin within a minute and last one each, as one Alertmanager tells of them through its own WeCom
 * receiver and through the relay. Each has the limit of a group robot to itself.
 */
export async function benchStorm(): Promise<void> {
  const application = await startWecomApplication();
  const wecom = await startWecomProcess([KEY]);
  const relay = await createRelayProcess({ WECOM_ROBOT_KEY: KEY, WECOM_API_BASE: wecom.url });
  let alertmanager: TestAlertmanager | undefined;
  try {
    const server = await newestAlertmanager();
    await relay.start();
    alertmanager = await startAlertmanager(configuration(application.url, relay.url), {
      server,
      // Each refusal is a line.
      isLogged: false,
    });
    const fired = await fireAll(alertmanager);
    // Until Alertmanager has tried the last one for the second time: by then it has ended.
    await sleep((WAIT + INTERVAL + SPARE) * 1000);
    await nothingWaits(relay.url, INTERVAL);
    printResult({ server, ours: await wecom.read(), application, fired });
  } finally {
    await alertmanager?.stop();
    await relay.remove();
    wecom.close();
    await application.close();
  }
}

/** @returns when each began, in milliseconds since the epoch */
async function fireAll(alertmanager: TestAlertmanager): Promise<number[]> {
  const begun = Date.now();
  const fired: number[] = [];
  for (let index = 0; index < ALERTS; index += 1) {
    await sleep(Math.max(0, begun + (index * BEGIN_WITHIN) / ALERTS - Date.now()));
    fired.push(Date.now());
    const { labels, annotations } = stormAlert(index, severityOf(index));
    await alertmanager.post([{ labels: { ...labels, alertname: `Kind${index % KINDS}` }, annotations }]);
  }
  return fired;
}

function severityOf(index: number): string {
  return index % 10 === 9 ? "critical" : "warning";
}

interface Result {
  server: Server;
  ours: WecomRecord;
  application: WecomApplication;
  fired: number[];
}

function printResult({ server, ours, application, fired }: Result): void {
  const row = (what: string, ours: number, peer: number) => ({ what, ours, peer, unit: "" });
  const [told, theirs] = [
    countTold(ours.messages.map(({ content }) => content)),
    countNamed(application.texts),
  ];
  printTable(`storm of ${ALERTS}`, `Alertmanager ${server.version}`, [
    row("alerts told", told, theirs),
    { ...row("alerts never told", ALERTS - told, ALERTS - theirs), aim: { atMost: 0 } },
    row("messages", ours.messages.length, application.texts.length),
    row("refused by WeCom", ours.refusals.length, application.refusals),
    { what: "longest wait of a critical one", ours: longestWait(ours.messages, fired), unit: "s" },
  ]);
}

/** Seconds until a critical alert was named. */
function longestWait(messages: WecomMessage[], fired: number[]): number {
  const waits = fired.flatMap((begun, index) => {
    if (severityOf(index) !== "critical") return [];
    const named = messages.find(({ content }) => content.includes(titleOf(index)));
    return [((named?.at ?? Number.POSITIVE_INFINITY) - begun) / 1000];
  });
  return Math.max(...waits);
}

/** At least: each alert is told once as firing and once as resolved, what ended in between only as resolved. */
function countTold(contents: string[]): number {
  const { named, counted } = tellAll(contents);
  const told = (status: string) =>
    new Set(named.filter((alert) => alert.status === status).map(({ title }) => numberOf(title))).size +
    sum(counted.filter((alerts) => alerts.status === status));
  return Math.max(told("firing"), told("resolved"));
}

function countNamed(texts: string[]): number {
  const all = texts.join("\n");
  return Array.from({ length: ALERTS }, (_, index) => titleOf(index)).filter((title) => all.includes(title))
    .length;
}

/** Groups as in the committed file, with the times of its critical alerts; an alert that is not renewed ends. */
function configuration(wecom: string, relay: string): string {
  return `
global:
  resolve_timeout: ${LASTS}s
route:
  receiver: relay
  group_by: [alertname, instance]
  group_wait: ${WAIT}s
  group_interval: ${INTERVAL}s
  repeat_interval: 1h
  routes:
    - receiver: wecom
      continue: true
    - receiver: relay
receivers:
  - name: wecom
    wechat_configs:
      - api_url: ${wecom}/cgi-bin/
        corp_id: corp
        api_secret: secret
        agent_id: "1"
        to_user: "@all"
  - name: relay
    webhook_configs:
      - url: ${relay}/alerts
`;
}
