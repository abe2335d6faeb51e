import { setTimeout as sleep } from "node:timers/promises";
import { stormName } from "../helpers/told.ts";

/** Milliseconds. A new alert this often, each going on for so long. */
const ALERT_EVERY = 10_000;
const LIFE = 45_000;
/** As Prometheus does, alerts are sent again and again, and for a while after their end. */
const SEND_EVERY = 2000;
const SENT_AFTER_END = 90_000;
/** How often the last ends are sent: a group is due again only after its group_interval. */
const TELLINGS = 5;

/** Alerts that fire and end at a steady rate, sent to Alertmanager as Prometheus would. */
export interface Alarms {
  readonly names: string[];
  /** Fires no more, and ends when Alertmanager has heard of every end. @param signal not to wait for it any longer */
  stop(signal: AbortSignal): Promise<void>;
}

interface Alarm {
  labels: Record<string, string>;
  startsAt: number;
  endsAt: number;
}

export function startAlarms(url: string): Alarms {
  const names: string[] = [];
  let alarms: Alarm[] = [];
  const fire = () => {
    const name = stormName(names.length);
    const severity = names.length % 4 === 0 ? "critical" : "warning";
    names.push(name);
    const startsAt = Date.now();
    const labels = { alertname: name, severity, instance: `host-${names.length}:9100` };
    alarms.push({ labels, startsAt, endsAt: startsAt + LIFE });
  };

  async function send(): Promise<boolean> {
    const now = Date.now();
    alarms = alarms.filter(({ endsAt }) => endsAt > now - SENT_AFTER_END);
    const body = alarms.map(({ labels, startsAt, endsAt }) => ({
      labels,
      annotations: { summary: `${labels.alertname} 发生`, description: "压力测试" },
      startsAt: new Date(startsAt).toISOString(),
      // What goes on is believed for a while, as with Prometheus.
      endsAt: new Date(endsAt <= now ? endsAt : now + 60_000).toISOString(),
    }));
    const headers = { "Content-Type": "application/json" };
    const request = {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5000),
    };
    return fetch(`${url}/api/v2/alerts`, request).then(
      (response) => response.arrayBuffer().then(() => response.ok),
      () => false,
    );
  }

  const firing = setInterval(fire, ALERT_EVERY);
  const sending = setInterval(() => void send(), SEND_EVERY);
  return {
    names,
    async stop(signal) {
      clearInterval(firing);
      const wait = () => sleep(SEND_EVERY, undefined, { signal });
      try {
        while (alarms.some(({ endsAt }) => endsAt > Date.now())) await wait();
        for (let heard = 0; heard < TELLINGS; heard += 1) {
          while (!(await send())) await wait();
          await wait();
        }
      } finally {
        clearInterval(sending);
      }
    },
  };
}
