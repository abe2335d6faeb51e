import nodemailer from "nodemailer";
import type { Clock } from "../../../../service/clock.ts";
import type { Wording } from "../../wording.ts";
import type { Channel, Outcome } from "../channel.ts";
import { renderDigest } from "./digest.ts";
import { type Mail, renderAlerts, renderTest } from "./render.ts";
import type { EmailSettings } from "./settings.ts";

/** Milliseconds. */
const TIMEOUT = 20_000;

/** More than that at once become one with a line an alert: nobody reads a hundred mails. */
const MAILS_AT_ONCE = 10;

export interface EmailOptions {
  settings: EmailSettings;
  wording: Wording;
  clock: Clock;
}

/** Mail over SMTP, as HTML and as text. */
export function emailChannel({ settings, wording, clock }: EmailOptions): Channel<Mail> {
  const transport = nodemailer.createTransport({
    url: settings.smtpUrl,
    connectionTimeout: TIMEOUT,
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    name: "email",
    compose: (alerts) => renderAlerts(alerts, wording),
    capacity: () => MAILS_AT_ONCE,
    composeDigest: (digest) => renderDigest(digest, wording),
    composeTest: () => renderTest(wording.time(clock.now())),
    async send(content) {
      try {
        const { rejected } = await transport.sendMail({ from: settings.from, to: settings.to, ...content });
        // The server took it for some and not for others; trying again would tell the former twice.
        if (rejected.length === 0) return { kind: "sent" };
        return { kind: "failed", reason: "receiver", detail: `邮件服务器拒绝了 ${rejected.length} 个收件人` };
      } catch (error) {
        return classify(error);
      }
    },
  };
}

/** What nodemailer adds to its errors: the server's reply code, and a code of its own. */
interface SmtpError {
  responseCode?: number;
  code?: string;
}

/** 4xx is temporary, 5xx is final (https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1). */
function classify(error: unknown): Outcome {
  const { responseCode, code = "未知错误" } = error as SmtpError;
  const detail =
    responseCode === undefined ? `邮件服务器：${code}` : `邮件服务器应答 ${responseCode}（${code}）`;
  if (code === "EAUTH") return { kind: "failed", reason: "setup", detail };
  if (responseCode !== undefined && responseCode >= 500) {
    return { kind: "failed", reason: code === "EENVELOPE" ? "receiver" : "content", detail };
  }
  if (responseCode !== undefined) return { kind: "retry", reason: "busy", detail };
  return { kind: "retry", reason: code === "ETIMEDOUT" ? "timeout" : "network", detail };
}
