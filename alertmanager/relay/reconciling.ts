import { z } from "zod";
import type { Clock } from "../../service/clock.ts";
import type { Logger } from "../../service/logger.ts";
import type { Alert } from "./alert.ts";

/** Milliseconds. */
const LOOK_EVERY = 60_000;
const TIMEOUT = 10_000;
/** What was heard of within this time is not doubted, nor is an Alertmanager believed that is younger. */
const SETTLED = 5 * 60_000;

const alertsSchema = z.array(z.object({ fingerprint: z.string() }));
const statusSchema = z.object({ uptime: z.iso.datetime({ offset: true }) });

/** Finds the ends that Alertmanager did not tell: of alerts that were silenced or muted when they ended. */
export interface Reconciling {
  start(): void;
  stop(): void;
  /** Looks now. @throws when Alertmanager does not answer */
  look(): Promise<void>;
}

export interface ReconcilingOptions {
  alertmanagerUrl: string;
  clock: Clock;
  logger: Logger;
  /** What goes on, as far as the relay was told; `updatedAt` in milliseconds since the epoch. */
  readFiring: () => (Alert & { updatedAt: number })[];
  /** Whether Prometheus is heard: Alertmanager gives alerts up when it is not. */
  isHeard: () => boolean;
  /** Stores ends and tells them. */
  tell: (ended: Alert[]) => void;
}

/** Alertmanager is asked what goes on; what it does not know any more in two looks has ended. */
export function createReconciling(options: ReconcilingOptions): Reconciling {
  const { alertmanagerUrl, clock, logger, readFiring, isHeard, tell } = options;
  let timer: NodeJS.Timeout | undefined;
  let missingBefore = new Set<string>();

  async function look(): Promise<void> {
    const now = clock.now();
    const told = readFiring().filter(({ updatedAt }) => now - updatedAt >= SETTLED);
    const active = told.length > 0 && isHeard() ? await readActive(alertmanagerUrl, now) : undefined;
    const missing = active ? told.filter(({ fingerprint }) => !active.has(fingerprint)) : [];
    const ended = missing.filter(({ fingerprint }) => missingBefore.has(fingerprint));
    missingBefore = new Set(missing.map(({ fingerprint }) => fingerprint));
    if (ended.length === 0) return;
    logger.info({ alerts: ended.length }, "ended while nobody was to be told");
    tell(ended.map(({ updatedAt, ...alert }) => ({ ...alert, status: "resolved", endsAt: now })));
  }

  return {
    start() {
      timer = setInterval(() => {
        look().catch((error: unknown) => logger.warn({ err: error }, "cannot ask Alertmanager what goes on"));
      }, LOOK_EVERY);
    },
    stop: () => clearInterval(timer),
    look,
  };
}

/** @returns undefined from one that has not been told of everything yet */
async function readActive(url: string, now: number): Promise<Set<string> | undefined> {
  const { uptime } = statusSchema.parse(await getJson(`${url}/api/v2/status`));
  if (now - Date.parse(uptime) < SETTLED) return undefined;
  const alerts = alertsSchema.parse(await getJson(`${url}/api/v2/alerts`));
  return new Set(alerts.map(({ fingerprint }) => fingerprint));
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) throw new Error(`Alertmanager answers HTTP ${response.status}`);
  return response.json();
}
