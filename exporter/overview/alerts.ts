import { severityRank } from "../../service/severity.ts";
import type { MutedAlert } from "./alertmanager.ts";
import type { Answer } from "./answer.ts";
import type { Judgement } from "./prometheus.ts";
import type { Notification, RememberedAlert, Telling } from "./relay.ts";

/** An alert, as far as it is known from those who judge, mute and tell. */
export interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Milliseconds since the epoch. */
  startsAt: number;
  /** Undefined while it goes on. */
  endsAt: number | undefined;
  muted: MutedAlert["by"] | undefined;
  /** How it was told; undefined where the relay does not say. */
  notifications: Notification[] | undefined;
}

export interface Alerts {
  /** Those that go on; only what the relay was told last where `doubtful`, as Prometheus does not answer. */
  firing: Alert[];
  doubtful: boolean;
  /** Over a threshold, not long enough yet. */
  pending: Alert[];
  /** Over; newest first. Undefined where nobody knows. */
  recent: Alert[] | undefined;
  /** Prometheus says no more of them, but the relay has not heard of their end yet. */
  ending: Alert[];
}

/** The most that is shown of either. */
const MOST = 100;

export function gatherAlerts(
  judgement: Answer<Judgement>,
  muted: Answer<MutedAlert[]>,
  telling: Answer<Telling>,
): Alerts {
  const remembered = telling.known ? telling.value.firing : [];
  const mutes = new Map(muted.known ? muted.value.map(({ labels, by }) => [keyOf(labels), by]) : []);
  const told = new Map(remembered.map((alert) => [keyOf(alert.labels), alert]));
  const judged = (state: "firing" | "pending"): Alert[] =>
    (judgement.known ? judgement.value.alerts : [])
      .filter((alert) => alert.state === state)
      .map(({ labels, annotations, activeAt }) => {
        const known = state === "firing" ? told.get(keyOf(labels)) : undefined;
        return {
          labels,
          annotations,
          // Not the relay's, which is when it fired: it would move with whoever answers.
          startsAt: activeAt,
          endsAt: undefined,
          muted: mutes.get(keyOf(labels)),
          notifications: telling.known ? (known?.notifications ?? []) : undefined,
        };
      });
  // Prometheus knows neither what others tell Alertmanager, as the backups do, nor what the relay says of itself.
  const ofOthers = remembered.filter((alert) => !judgement.known || !isOfPrometheus(alert));
  const firing = [
    ...ofOthers.map((alert) => ({ ...fromRelay(alert), muted: mutes.get(keyOf(alert.labels)) })),
    ...judged("firing"),
  ];
  const goesOn = new Set(judgement.known ? judgement.value.alerts.map(({ labels }) => keyOf(labels)) : []);
  const ending = remembered.filter(
    (alert) => judgement.known && isOfPrometheus(alert) && !goesOn.has(keyOf(alert.labels)),
  );
  return {
    firing: firing.sort(bySeverity).slice(0, MOST),
    doubtful: !judgement.known,
    pending: judged("pending").sort(bySeverity).slice(0, MOST),
    recent: telling.known ? telling.value.recent.map(fromRelay) : undefined,
    ending: ending.slice(0, MOST).map(fromRelay),
  };
}

function fromRelay({ labels, annotations, startsAt, endsAt, notifications }: RememberedAlert): Alert {
  return { labels, annotations, startsAt, endsAt: endsAt ?? undefined, muted: undefined, notifications };
}

/** Every version's alerts lead to their expression (`strutil.TableLinkForExpression`). */
function isOfPrometheus({ generatorURL }: RememberedAlert): boolean {
  return URL.parse(generatorURL)?.searchParams.has("g0.expr") ?? false;
}

/** Labels are what an alert is known by, in Prometheus, Alertmanager and the relay alike. */
export function keyOf(labels: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function bySeverity(one: Alert, other: Alert): number {
  return severityRank(one.labels) - severityRank(other.labels) || other.startsAt - one.startsAt;
}
