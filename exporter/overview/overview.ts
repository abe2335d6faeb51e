import type { Registry } from "prom-client";
import type { ServiceEnvironment } from "../../config/environment.ts";
import type { Clock } from "../../service/clock.ts";
import { askUpstream } from "../api/upstream.ts";
import type { Collecting } from "../collecting.ts";
import type { EventJournal } from "../events/journal.ts";
import { type MutedAlert, readMuted } from "./alertmanager.ts";
import { type Alerts, gatherAlerts } from "./alerts.ts";
import { type Answer, answerTo, DEADLINE } from "./answer.ts";
import { type Host, readHost } from "./host.ts";
import { type Judgement, readJudgement } from "./prometheus.ts";
import { readTelling, type Telling } from "./relay.ts";

/** All that the management page shows. What is not known says so, and is never a number. */
export interface Overview {
  /** Milliseconds since the epoch. */
  at: number;
  /** Whether hosts and services are being measured. */
  collecting: boolean;
  /** The collectors whose last run failed. */
  failing: string[];
  host: Host;
  /** False while the event totals cannot be read. */
  isCounting: boolean;
  judgement: Answer<Judgement>;
  muted: Answer<MutedAlert[]>;
  telling: Answer<Telling>;
  grafana: Answer<unknown>;
  alerts: Alerts;
}

export interface OverviewSources {
  urls: ServiceEnvironment["urls"];
  timezone: string;
  registry: Registry;
  collecting: Collecting;
  journal: EventJournal;
  clock: Clock;
}

/** Asks every part at once, none of them for long. Never throws. */
export async function readOverview(sources: OverviewSources): Promise<Overview> {
  const { urls, timezone, collecting, journal, clock } = sources;
  const at = clock.now();
  const [judgement, muted, telling, grafana, failing] = await Promise.all([
    answerTo(() => readJudgement(urls.prometheus, secondsOfDay(at, timezone))),
    answerTo(() => readMuted(urls.alertmanager)),
    answerTo(() => readTelling(urls.relay)),
    answerTo(() => askUpstream("Grafana", new URL(`${urls.grafana}/api/health`), { timeout: DEADLINE })),
    readFailing(sources.registry),
  ]);
  const alerts = gatherAlerts(judgement, muted, telling);
  return {
    at,
    collecting: collecting.running,
    failing,
    host: readHost(collecting),
    isCounting: journal.counts !== undefined,
    ...{ judgement, muted, telling, grafana, alerts },
  };
}

async function readFailing(registry: Registry): Promise<string[]> {
  const collectors = (await registry.getSingleMetric("monitoring_collector_success")?.get())?.values ?? [];
  return collectors.filter(({ value }) => value === 0).map(({ labels }) => String(labels.collector));
}

/** Since midnight; on the two days of a year that are not of 24 hours, off by one of them until the change. */
function secondsOfDay(at: number, timezone: string): number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, timeStyle: "medium" });
  const [hours = 0, minutes = 0, seconds = 0] = format.format(at).split(":").map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}
