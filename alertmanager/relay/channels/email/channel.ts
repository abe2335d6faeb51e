import nodemailer from "nodemailer";
import type { Clock } from "../../../../service/clock.ts";
import type { Wording } from "../../wording.ts";
import type { Channel, FailureReason, Outcome } from "../channel.ts";
import { renderDigest } from "./digest.ts";
import { type Mail, renderAlerts, renderTest } from "./render.ts";
import type { EmailSettings } from "./settings.ts";
import { smtpOptions } from "./smtp.ts";

/** How long an attempt may take in all, in milliseconds. */
const TIMEOUT = 30_000;

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
    ...smtpOptions(settings.smtpUrl),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    name: "email",
    compose: (alerts) => renderAlerts(alerts, wording),
    capacity: () => MAILS_AT_ONCE,
    composeDigest: (digest) => renderDigest(digest, wording),
    composeTest: () => renderTest(wording.time(clock.now())),
    async send({ thread = [], ...content }) {
      const mail = {
        from: settings.from,
        to: settings.to,
        ...content,
        ...(thread.length > 0 && { inReplyTo: thread.join(" "), references: thread.join(" ") }),
        signal: AbortSignal.timeout(TIMEOUT),
      };
      try {
        const { rejectedErrors = [] } = (await transport.sendMail(mail)) as SentMail;
        // The server took it for some and not for others; trying again would tell the former twice.
        return { kind: "sent", ...(rejectedErrors.length > 0 && { undelivered: name(rejectedErrors) }) };
      } catch (error) {
        return classify(error as SmtpError);
      }
    },
  };
}

/** What nodemailer adds to its errors. */
interface SmtpError {
  /** Of the server. */
  responseCode?: number;
  /** Its own. */
  code?: string;
  /** What the server answered to. */
  command?: string;
  recipient?: string;
}

interface SentMail {
  rejectedErrors?: SmtpError[];
}

function name(refused: SmtpError[]): string {
  const each = refused.map(({ recipient, responseCode }) => `${recipient}（${responseCode}）`);
  return `邮件服务器不接受收件人 ${each.join("、")}`;
}

/** What trying again does not help against, by nodemailer's code. */
const FINAL: Record<string, FailureReason> = {
  EAUTH: "setup",
  ETLS: "setup",
  EENVELOPE: "receiver",
  EMESSAGE: "content",
};

/** 4xx is temporary, 5xx is final (https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1). */
function classify({ responseCode, code = "未知错误", command }: SmtpError): Outcome {
  const hasReply = responseCode !== undefined;
  const detail = hasReply ? `邮件服务器应答 ${responseCode}（${code}）` : `邮件服务器：${code}`;
  if (hasReply && responseCode < 500) return { kind: "retry", reason: "busy", detail };
  const reason = command === "DATA" && code === "EENVELOPE" ? "content" : FINAL[code];
  if (reason !== undefined) return { kind: "failed", reason, detail };
  if (code === "EABORT" || code === "ETIMEDOUT") return { kind: "retry", reason: "timeout", detail };
  // A server that refuses to talk at all may do so later.
  return { kind: "retry", reason: hasReply ? "server" : "network", detail };
}
