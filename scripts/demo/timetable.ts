/** How long the rules in force wait, in seconds. */
export interface Timing {
  /** From one scrape to the next; likewise evaluation and probes. */
  scrape: number;
  evaluation: number;
  collect: number;
  /** Of Alertmanager. */
  groupWait: number;
  groupInterval: number;
  alerts: Record<AlertName, { for: number; keep: number }>;
}

/** What the demo makes fire. */
export const ALERTS = ["HighMessageErrorRate", "MessageVolumeSurge"] as const;
/** These too, where there is a service that it may play. */
export const SERVICE_ALERTS = ["SlowServiceResponse", "ServiceDown"] as const;
export type AlertName = (typeof ALERTS)[number] | (typeof SERVICE_ALERTS)[number];

/** When what begins, in seconds from the start. */
export interface Timetable {
  errors: number;
  surge: number;
  /** The surge is sent by then. */
  surged: number;
  /** The rest of yesterday arrives. */
  late: number;
  service: { slow: number; away: number; back: number };
  /** The last event is sent, and every alert should be over. */
  end: number;
}

/** What a machine that has other things to do takes, at each stage. */
const SLACK = 2;
/** Minutes. */
export const LONGEST = 120;

/**
 * The incident takes as long as the rules take to fire, to be told and to resolve; what is left of the time is an
 * ordinary day before.
 * @param responseTime that the service takes when slow, in seconds; undefined without such a service
 */
export function createTimetable(
  timing: Timing,
  responseTime: number | undefined,
  minutes: number,
): Timetable {
  const { errorsLast, surgesIn, surgeLasts, slowLasts, awayLasts, incident } = stages(timing, responseTime);
  const errors = minutes * 60 - incident;
  const surge = errors + errorsLast;
  const away = errors + slowLasts;
  return {
    errors,
    surge,
    surged: surge + surgesIn,
    late: surge + surgeLasts,
    service: { slow: errors, away, back: away + awayLasts },
    end: minutes * 60,
  };
}

/** Minutes that it takes at least. */
export function shortest(timing: Timing, responseTime: number | undefined): number {
  const { seen, incident } = stages(timing, responseTime);
  // Prometheus has to know the counters from before, or an increase is none.
  return (3 * seen + incident) / 60;
}

function stages(timing: Timing, responseTime: number | undefined) {
  const { scrape, evaluation, collect, groupWait, groupInterval, alerts } = timing;
  const seen = scrape + evaluation + SLACK;
  const probed = collect + (responseTime ?? 0) + seen;
  /** Until it is told, and a moment to look at it. */
  const fires = (name: AlertName) => alerts[name].for + groupWait + seen;
  const ends = (...names: AlertName[]) =>
    Math.max(...names.map((name) => alerts[name].keep)) + groupInterval + seen;
  const errorsLast = seen + fires("HighMessageErrorRate");
  const surgeLasts = 2 * seen + fires("MessageVolumeSurge");
  const slowLasts = probed + fires("SlowServiceResponse");
  const awayLasts = probed + fires("ServiceDown");
  const business = errorsLast + surgeLasts + seen + ends(...ALERTS);
  const service = slowLasts + awayLasts + probed + ends(...SERVICE_ALERTS);
  const incident = responseTime === undefined ? business : Math.max(business, service);
  return { seen, errorsLast, surgesIn: seen, surgeLasts, slowLasts, awayLasts, incident };
}
