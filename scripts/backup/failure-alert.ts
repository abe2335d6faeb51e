import type { Failure } from "./schedule.ts";

export interface FailureAlertOptions {
  alertmanagerUrl: string;
  /** For people: the management page, which shows the alert and serves its runbook. */
  exporterUrl: string;
}

/** Tells of backups that fail by an alert of Alertmanager's, like everything else that people are to hear of. */
export function createFailureAlert({ alertmanagerUrl, exporterUrl }: FailureAlertOptions) {
  return async ({ why, since }: Failure, endsAt: number): Promise<void> => {
    const alert = {
      labels: { alertname: "BackupFailed", severity: "warning" },
      annotations: {
        summary: "每日备份没有成功",
        description: `${why}\n每小时会再试一次；也可以在服务器上执行 npm run backup 看原因。`,
        runbook_url: `${exporterUrl}/runbooks/BackupFailed`,
      },
      // Without it Alertmanager takes the end for the beginning, which would move with every renewal.
      startsAt: new Date(since).toISOString(),
      endsAt: new Date(endsAt).toISOString(),
      generatorURL: `${exporterUrl}/`,
    };
    try {
      const response = await fetch(`${alertmanagerUrl}/api/v2/alerts`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify([alert]),
        signal: AbortSignal.timeout(10_000),
      });
      if (!response.ok) throw new Error(`HTTP ${response.status} ${await response.text()}`);
    } catch (error) {
      const { message, cause } = error as Error;
      const reason = cause instanceof Error ? cause.message : message;
      process.stderr.write(`BackupFailed 没有交给 Alertmanager：${reason}\n`);
    }
  };
}
