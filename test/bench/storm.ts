import { setTimeout as sleep } from "node:timers/promises";
import { startAlertmanager, type TestAlertmanager } from "../helpers/alertmanager.ts";
import { newestAlertmanager } from "../helpers/newest-alertmanager.ts";
import { sum, tellAll } from "../helpers/read-messages.ts";
import { createRelayProcess } from "../helpers/relay-process.ts";
import { stormAlert, titleOf } from "../helpers/storm.ts";
import { startWecomProcess } from "../helpers/wecom-process.ts";
import { printTable } from "./table.ts";
import { startWecomApplication } from "./wecom-application.ts";

const ALERTS = 200;
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
    await fireAll(alertmanager);
    // Until Alertmanager has tried the last one for the second time: by then it has ended.
    await sleep((WAIT + INTERVAL + SPARE) * 1000);
    const ours = await wecom.read();
    const row = (what: string, ours: number, peer: number) => ({ what, ours, peer, unit: "" });
    printTable(`storm of ${ALERTS}`, `Alertmanager ${server.version}`, [
      {
        ...row(
          "alerts told",
          countTold(ours.messages.map(({ content }) => content)),
          countNamed(application.texts),
        ),
        aim: { atLeast: ALERTS / countNamed(application.texts) },
      },
      row("messages", ours.messages.length, application.texts.length),
      row("refused by WeCom", ours.refusals.length, application.refusals),
    ]);
  } finally {
    await alertmanager?.stop();
    await relay.remove();
    wecom.close();
    await application.close();
  }
}

async function fireAll(alertmanager: TestAlertmanager): Promise<void> {
  const begun = performance.now();
  for (let index = 0; index < ALERTS; index += 1) {
    await sleep(Math.max(0, begun + (index * BEGIN_WITHIN) / ALERTS - performance.now()));
    await alertmanager.fire(stormAlert(index, index % 10 === 9 ? "critical" : "warning").labels);
  }
}

/** At least: each alert is told once as firing and once as resolved, what ended in between only as resolved. */
function countTold(contents: string[]): number {
  const { named, counted } = tellAll(contents);
  const told = (status: string) =>
    named.filter((alert) => alert.status === status).length +
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
