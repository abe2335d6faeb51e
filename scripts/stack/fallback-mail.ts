import { readEmailSettings } from "../../alertmanager/relay/channels/email/settings.ts";
import type { Config } from "../../config/config.ts";
import type { Env } from "../../config/environment.ts";

/** As in alertmanager.yml: https://prometheus.io/docs/alerting/latest/configuration/#email_config */
export type EmailConfig = Record<string, unknown>;

/** As plain as it can be: it is sent when things are broken. */
const SUBJECT =
  '【{{ if eq .Status "firing" }}严重告警{{ else }}已恢复（严重告警）{{ end }}】{{ (index .Alerts 0).Annotations.summary }}';
const TEXT = `{{ range .Alerts }}{{ if eq .Status "firing" }}严重告警{{ else }}已恢复{{ end }}：{{ .Annotations.summary }}
{{ if eq .Status "firing" }}{{ .Annotations.description }}
{{ end }}处理手册：{{ .Annotations.runbook_url }}
仪表盘：{{ .Annotations.dashboard_url }}

{{ end }}这封邮件由 Alertmanager 直接发出，因为告警转发没有在工作。`;

/**
 * How Alertmanager itself reaches the mail server of SMTP_URL.
 * @param passwordFile where Alertmanager finds the password, if there is one
 * @returns undefined where no mail is wanted or set up, or where Alertmanager cannot send it: it speaks TLS from the
 * start on port 465 only
 * @throws {EnvironmentError}
 */
export function fallbackMail(
  { alertEnabled, channels }: Config,
  env: Env,
  passwordFile: string,
): EmailConfig | undefined {
  const settings = alertEnabled && channels.includes("email") ? readEmailSettings(env) : undefined;
  if (!settings) return undefined;
  const url = new URL(settings.smtpUrl);
  const implicitTls = url.protocol === "smtps:";
  const port = url.port || (implicitTls ? "465" : "587");
  if (implicitTls && port !== "465") return undefined;
  const hasPassword = url.password !== "";
  return {
    to: settings.to,
    from: settings.from,
    smarthost: `${url.hostname}:${port}`,
    ...(hasPassword && {
      auth_username: decode(url.username),
      auth_password_file: passwordFile,
    }),
    // STARTTLS; on port 465 all is encrypted already. A password never goes out in the clear.
    require_tls: !implicitTls && hasPassword,
    send_resolved: true,
    headers: { Subject: SUBJECT },
    html: "",
    text: TEXT,
  };
}

/** @returns the password in SMTP_URL. @throws {EnvironmentError} */
export function mailPassword(env: Env): string | undefined {
  const settings = readEmailSettings(env);
  return settings && (decode(new URL(settings.smtpUrl).password) || undefined);
}

/** Of a user or password in a URL. As nodemailer has it, what is no escape stays as it is. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
