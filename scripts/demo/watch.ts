import { askJson } from "./ask.ts";

/** An alert as Prometheus has it at the moment. */
export interface ActiveAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: "pending" | "firing";
  /** When the condition began. */
  activeAt: string;
}

/** A row of the alert history, as far as it matters here. */
export interface HistoryRow {
  labels: Record<string, string>;
  status: string;
  startsAt: string;
  notifications: { channel: string; status: string; state: string; finishedAt: string | null }[];
}

export interface Sighting {
  active: ActiveAlert[];
  history: HistoryRow[];
}

/** An alert that began during the demo. Times are in milliseconds since the epoch. */
export interface Track {
  name: string;
  key: string;
  summary: string;
  activeAt: number;
  fired: number | undefined;
  resolved: number | undefined;
  told: Told[];
  /** The relay has heard of its end, and waits for no channel. */
  settled: boolean;
}

export interface Told {
  channel: string;
  what: "firing" | "resolved";
  state: "sent" | "failed";
  at: number;
}

/** What has changed since the last look. */
export type Change =
  | { kind: "pending" | "fired" | "calmed" | "resolved"; track: Track }
  | { kind: "told"; track: Track; told: Told };

export interface Watch {
  /** What was firing before: none of the demo's, until it has ended. */
  readonly before: string[];
  readonly tracks: Track[];
  /** @param now milliseconds since the epoch */
  look(sighting: Sighting, now: number): Change[];
}

/** @throws when one of them does not answer */
export async function sight(
  urls: { prometheus: string; exporter: string },
  since: number,
): Promise<Sighting> {
  const from = new URLSearchParams({ since: new Date(since).toISOString(), limit: "200" });
  const [{ data }, { alerts }] = await Promise.all([
    askJson<{ data: { alerts: ActiveAlert[] } }>(`${urls.prometheus}/api/v1/alerts`),
    askJson<{ alerts: HistoryRow[] }>(`${urls.exporter}/api/alerts?${from}`),
  ]);
  return { active: data.alerts.filter(({ labels }) => labels.alertname !== "Watchdog"), history: alerts };
}

/** Follows every alert that begins after the first sighting. */
export function createWatch(first: Sighting): Watch {
  const before = new Set(first.active.map(({ labels }) => keyOf(labels)));
  const firing = first.active.filter(({ state }) => state === "firing");
  const tracks: Track[] = [];

  function follow(alert: ActiveAlert, now: number): Change[] {
    const key = keyOf(alert.labels);
    let track = tracks.findLast((one) => one.key === key && one.resolved === undefined);
    const changes: Change[] = [];
    if (track === undefined) {
      track = newTrack(key, alert);
      tracks.push(track);
      changes.push({ kind: "pending", track });
    }
    track.summary = alert.annotations.summary ?? track.name;
    if (alert.state === "firing" && track.fired === undefined) {
      track.fired = now;
      changes.push({ kind: "fired", track });
    }
    return changes;
  }

  /** What never fired is followed no further. */
  function end(track: Track, now: number): Change[] {
    if (track.fired === undefined) {
      tracks.splice(tracks.indexOf(track), 1);
      return [{ kind: "calmed", track }];
    }
    track.resolved = now;
    return [{ kind: "resolved", track }];
  }

  return {
    before: firing.map(({ labels }) => nameOf(labels)),
    tracks,
    look({ active, history }, now) {
      const keys = new Set(active.map(({ labels }) => keyOf(labels)));
      for (const key of before) if (!keys.has(key)) before.delete(key);
      const ours = active.filter(({ labels }) => !before.has(keyOf(labels)));
      const gone = tracks.filter((track) => track.resolved === undefined && !keys.has(track.key));
      return [
        ...ours.flatMap((alert) => follow(alert, now)),
        ...gone.flatMap((track) => end(track, now)),
        ...tracks.flatMap((track) => heard(track, history)),
      ];
    },
  };
}

/** Takes over from the history what was told since. */
function heard(track: Track, history: HistoryRow[]): Change[] {
  const row = history.find(
    ({ labels, startsAt }) => keyOf(labels) === track.key && Date.parse(startsAt) >= track.activeAt,
  );
  if (row === undefined) return [];
  track.settled =
    row.status === "resolved" &&
    row.notifications.every(({ state }) => state === "sent" || state === "failed");
  const news = row.notifications
    .flatMap(toTold)
    .filter((one) => !track.told.some((known) => isSame(known, one)));
  track.told.push(...news);
  return news.map((told) => ({ kind: "told", track, told }));
}

function toTold({ channel, status, state, finishedAt }: HistoryRow["notifications"][number]): Told[] {
  if ((state !== "sent" && state !== "failed") || finishedAt === null) return [];
  return [
    { channel, what: status === "resolved" ? "resolved" : "firing", state, at: Date.parse(finishedAt) },
  ];
}

function isSame(a: Told, b: Told): boolean {
  return a.channel === b.channel && a.what === b.what && a.state === b.state;
}

function newTrack(key: string, { labels, annotations, activeAt }: ActiveAlert): Track {
  return {
    name: nameOf(labels),
    key,
    summary: annotations.summary ?? nameOf(labels),
    activeAt: Date.parse(activeAt),
    fired: undefined,
    resolved: undefined,
    told: [],
    settled: false,
  };
}

/** As an operator tells alerts of one kind apart. */
function nameOf({ alertname = "", service, mountpoint, collector }: Record<string, string>): string {
  const which = service ?? mountpoint ?? collector;
  return which === undefined ? alertname : `${alertname}（${which}）`;
}

function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort());
}
