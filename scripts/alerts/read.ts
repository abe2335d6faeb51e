import type { AlertRecord } from "../../alertmanager/relay/outbox/history.ts";
import { severityRank } from "../../service/severity.ts";
import { NoAnswerError } from "../stack/ask.ts";
import type { StackView } from "../stack/view.ts";

/** An alert that fires, as Alertmanager has it. */
export interface ActiveAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** RFC 3339. */
  startsAt: string;
  status: { state: "active" | "suppressed" | "unprocessed" };
}

export type { AlertRecord };

/** The worst first, of those the newest. @throws {NoAnswerError} */
export async function readActive({ ask }: StackView): Promise<ActiveAlert[]> {
  const alerts = await ask.json<ActiveAlert[]>("alertmanager", "/api/v2/alerts");
  return alerts
    .filter(({ labels }) => labels.alertname !== "Watchdog")
    .sort((a, b) => severityRank(a.labels) - severityRank(b.labels) || b.startsAt.localeCompare(a.startsAt));
}

/** @param since milliseconds since the epoch @returns the relay's own answer @throws {NoAnswerError} */
export async function readHistory({ ask }: StackView, since: number, limit: number): Promise<string> {
  const search = new URLSearchParams({ since: new Date(since).toISOString(), limit: String(limit) });
  const { status, text } = await ask("relay", `/api/alerts?${search}`);
  if (status !== 200) throw new NoAnswerError(`告警转发应答 HTTP ${status}`);
  return text.trim();
}
